// The bench's server on cpp-httplib as the distribution ships it.
//
//   bench_server_stock PORT FULLCHAIN PRIVKEY [--nodelay]
#include <autohttps/tests/bench/servers/handlers.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_server_stock PORT FULLCHAIN PRIVKEY [--nodelay]\n");
    return 2;
  }
  httplib::SSLServer server(argv[2], argv[3]);
  autohttps::bench::add_handlers(server);
  if (argc > 4 && std::string_view(argv[4]) == "--nodelay") server.set_tcp_nodelay(true);
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
