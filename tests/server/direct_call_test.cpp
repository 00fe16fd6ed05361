#include <autohttps/server/httplib/direct_call.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/httplib/private_members.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

// A field whose value has "%" is the library's own to read: what it does with the same request.
constexpr std::string_view kThroughTheLibrary = "X-Road: %2D\r\n";

bool goes_directly(const std::string& head) {
  httplib::Server server;
  server.set_exception_handler([](const Request&, Response&, const std::exception_ptr&) {});
  HeadView view;
  EXPECT_EQ(HeadScanner().scan(head, {}, view).kind, HeadResult::Kind::complete) << head;
  return may_be_called_directly(server, view);
}

std::string many_fields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i) fields += "X: a\r\n";
  return fields;
}

TEST(DirectCallTest, IsForPlainRequestsOnly) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a.test\r\n";
  // With a version whose steps are not known it is for none.
  const bool plain = httplib_private::kSteps != httplib_private::Steps::unknown;
  EXPECT_EQ(goes_directly(start + "\r\n"), plain);
  EXPECT_EQ(goes_directly(start + "User-Agent: x\r\nAccept: */*\r\nCookie: a=b\r\n\r\n"), plain);
  EXPECT_EQ(goes_directly("GET /%41?x=%42 HTTP/1.1\r\nHost: a.test\r\n\r\n"), plain);
  EXPECT_EQ(goes_directly(start + "Connection: close\r\n\r\n"), plain);

  for (const std::string& head : {
           start + "Range: bytes=0-1\r\n\r\n",
           start + "expect: 100-continue\r\n\r\n",
           start + "X: a%41\r\n\r\n",
           start + "X:\r\n\r\n",
           start + "Remote_Addr: 1.2.3.4\r\n\r\n",
           start + "REMOTE_PORT: 1\r\n\r\n",
           start + "LOCAL_ADDR: 1.2.3.4\r\n\r\n",
           start + "local_port: 1\r\n\r\n",
           start + "Content-Length: 1\r\n\r\n",
           start + "Transfer-Encoding: chunked\r\n\r\n",
           start + "X: " + std::string(4'096, 'x') + "\r\n\r\n",
           start + many_fields(64) + "\r\n",
           std::string("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n"),
           std::string("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n"),
           std::string("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
       }) {
    EXPECT_FALSE(goes_directly(head)) << head.substr(0, 100);
  }
}

// Of what only some versions have: generic, so that no other is asked for it.
template <typename AnyServer, typename Use>
void with(AnyServer& server, Use use) {
  if constexpr (requires { use(server); }) use(server);
}

TEST(DirectCallTest, IsNotForWhatNewerVersionsReadFromFields) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a.test\r\n";
  EXPECT_EQ(
      goes_directly(start + "Upgrade: websocket\r\n\r\n"),
      httplib_private::kSteps != httplib_private::Steps::unknown && !httplib_private::kHas041);

  httplib::Server server;
  server.set_exception_handler([](const Request&, Response&, const std::exception_ptr&) {});
  bool trusts = false;
  with(server, [&](auto& any) -> decltype(any.set_trusted_proxies({}), void()) {
    any.set_trusted_proxies({"10.0.0.1"});
    trusts = true;
  });
  HeadView view;
  HeadScanner().scan("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {}, view);
  EXPECT_EQ(may_be_called_directly(server, view),
            httplib_private::kSteps != httplib_private::Steps::unknown && !trusts);
}

TEST(DirectCallTest, IsNotForAServerThatWouldTellOfExceptions) {
  httplib::Server server;  // no handler of exceptions: their text goes into the answer
  HeadView view;
  HeadScanner().scan("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {}, view);
  EXPECT_FALSE(may_be_called_directly(server, view));
}

// What was called, in order.
class Calls {
 public:
  void note(const std::string& call) {
    const std::lock_guard lock(mutex_);
    calls_ += call + "; ";
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  std::mutex mutex_;
  std::string calls_;
};

template <typename AnyRequest>
std::string newer_members_of(const AnyRequest& request) {
  std::string text;
  if constexpr (requires { request.accept_content_types; }) {
    for (const std::string& type : request.accept_content_types) text += "accepts " + type + "\n";
    text += request.matched_route + "\n";
    text += request.start_time_.time_since_epoch().count() > 0 ? "started\n" : "never started\n";
  }
  if constexpr (requires { request.path_params; }) {
    for (const auto& [name, value] : request.path_params) text += name + " is " + value + "\n";
    text += request.is_connection_closed() ? "gone\n" : "there\n";
  }
  return text;
}

std::string all_of(const Request& request) {
  std::string text = request.method + " " + request.target + " " + request.version + " path " +
                     request.path + " body " + request.body + "\n";
  for (const auto& [name, value] : request.params) text += "param " + name + "=" + value + "\n";
  for (const auto& [name, value] : request.headers) {
    if (name == "X-Road") continue;
    // Each request has a connection of its own.
    const bool port = name == "REMOTE_PORT" && value == std::to_string(request.remote_port);
    text += name + ": " + (port ? "its port" : value) + "\n";
  }
  for (const auto& match : request.matches) text += "match " + match.str() + "\n";
  text += newer_members_of(request);
  return text + request.remote_addr + " " + request.local_addr + " " +
         std::to_string(request.local_port);
}

template <typename AnyServer, typename AnyResponse = Response>
void add_newer_routes(AnyServer& server, const std::string& folder) {
  server.Get("/of/:whom/at/:when", [](const Request& request, Response& response) {
    response.set_content(all_of(request), "application/octet-stream");
  });
  if constexpr (requires(AnyResponse response) { response.set_file_content(folder); }) {
    server.Get("/file", [folder](const Request&, AnyResponse& response) {
      response.set_file_content(folder + "/a.txt");
    });
    server.Get("/typed-file", [folder](const Request&, AnyResponse& response) {
      response.set_file_content(folder + "/a.txt", "image/png");
    });
    server.Get("/no-file", [folder](const Request&, AnyResponse& response) {
      response.set_file_content(folder + "/none.txt");
    });
  }
}

void add_routes(httplib::Server& server, Calls& calls) {
  server.Get("/all/(.*)/(\\d+)", [](const Request& request, Response& response) {
    response.set_content(all_of(request), "application/octet-stream");
  });
  server.Get("/text", [&calls](const Request&, Response& response) {
    calls.note("handler");
    response.set_content("some text, some text, some text, some text", "text/plain");
  });
  server.Get("/large", [](const Request&, Response& response) {
    response.set_content(std::string(40'000, 'x'), "application/octet-stream");
  });
  server.Get("/nothing", [](const Request&, Response&) {});
  server.Get("/untyped", [](const Request&, Response& response) { response.body = "bytes"; });
  server.Get("/fields", [](const Request&, Response& response) {
    response.set_header("Set-Cookie", "a=b");
    response.set_header("Set-Cookie", "c=d");
    response.set_header("X-Own", "1");
    response.set_header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    response.set_content("x", "image/png");
  });
  server.Get("/redirect",
             [](const Request&, Response& response) { response.set_redirect("/elsewhere"); });
  server.Get("/created", [](const Request&, Response& response) { response.status = 201; });
  server.Get("/empty", [](const Request&, Response& response) { response.status = 204; });
  server.Get("/unchanged", [](const Request&, Response& response) { response.status = 304; });
  server.Get("/refused", [](const Request&, Response& response) {
    response.status = 403;
    response.set_content("no", "text/plain");
  });
  server.Get("/closes", [](const Request&, Response& response) {
    response.set_header("Connection", "close");
    response.set_content("bye", "text/plain");
  });
  server.Get("/throws", [](const Request&, Response&) -> void {
    throw std::runtime_error("a secret of the program");
  });
  server.Get("/throws-a-number", [](const Request&, Response&) -> void { throw 7; });
  server.Get("/provided", [](const Request&, Response& response) {
    response.set_content_provider(5, "text/plain",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    sink.write("12345" + offset, 5 - offset);
                                    return true;
                                  });
  });
  server.Get("/chunked", [](const Request&, Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      sink.write("piece", 5);
      sink.done();
      return true;
    });
  });
}

const std::vector<std::string> kTargets = {"/all/a/1",
                                           "/all/%41%2f%zz/2?x=1&y=%20&x=2&&z",
                                           "/all/b/3#part?x=1",
                                           "/all/c/4?a?b",
                                           "/text",
                                           "/large",
                                           "/nothing",
                                           "/untyped",
                                           "/fields",
                                           "/redirect",
                                           "/created",
                                           "/empty",
                                           "/unchanged",
                                           "/refused",
                                           "/closes",
                                           "/throws",
                                           "/provided",
                                           "/chunked",
                                           "/throws-a-number",
                                           "/no/such",
                                           "/of/me/at/noon",
                                           "/file",
                                           "/typed-file",
                                           "/no-file",
                                           "/files/a.txt",
                                           "/files/none",
                                           "/files/../a.txt",
                                           "*"};

// Everything until the connection ends, the fields of the answer in alphabetical order. A request
// that ends it follows: then every hook has been called.
std::string answer_to(std::uint16_t port, const std::string& target, const std::string& fields) {
  TestConnection client = TestConnection::plain(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n" +
              "GET /text HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_to_end();
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < all.size() && (lines.empty() || lines.back() != "\r\n")) {
    const std::size_t end = std::min(all.find('\n', at), all.size() - 1) + 1;
    lines.push_back(all.substr(at, end - at));
    at = end;
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  text += all.substr(at);
  // Not what time it is, but whether it is told.
  return std::regex_replace(text, std::regex("Date: [A-Z][a-z]+, .. [A-Z][a-z]+ 20.*\r\n"),
                            "Date\r\n");
}

// With every combination of hooks the library has, registered through a reference to it.
using Setup = std::function<void(httplib::Server&, Calls&)>;
struct Row {
  const char* name;
  Setup set_up;
};
const std::vector<Row> kServers = {
    {"no hooks", [](httplib::Server&, Calls&) {}},
    {"default headers",
     [](httplib::Server& server, Calls&) {
       server.set_default_headers({{"X-Default", "1"}, {"x-default", "2"}});
     }},
    {"a handler of errors",
     [](httplib::Server& server, Calls& calls) {
       server.set_error_handler([&calls](const Request&, Response& response) {
         calls.note("error " + std::to_string(response.status));
         response.set_content("an error", "text/plain");
       });
     }},
    {"a handler of errors that leaves some",
     [](httplib::Server& server, Calls& calls) {
       server.set_error_handler(
           httplib::Server::HandlerWithResponse([&calls](const Request&, Response& response) {
             calls.note("error " + std::to_string(response.status));
             return httplib::Server::HandlerResponse::Unhandled;
           }));
     }},
    {"a handler of exceptions",
     [](httplib::Server& server, Calls& calls) {
       server.set_exception_handler(
           [&calls](const Request& request, Response& response, const std::exception_ptr&) {
             calls.note("exception at " + request.path);
             response.status = 500;
             response.set_content("oh", "text/plain");
           });
     }},
    {"hooks before and after",
     [](httplib::Server& server, Calls& calls) {
       server.set_pre_routing_handler([&calls](const Request& request, Response& response) {
         calls.note("before " + request.path);
         if (request.path != "/text") return httplib::Server::HandlerResponse::Unhandled;
         response.set_content("taken", "text/plain");
         return httplib::Server::HandlerResponse::Handled;
       });
       server.set_post_routing_handler([&calls](const Request&, Response& response) {
         calls.note("after " + std::to_string(response.status) + " " +
                    response.get_header_value("Content-Length"));
         response.set_header("X-After", "1");
       });
     }},
    {"a log",
     [](httplib::Server& server, Calls& calls) {
       server.set_logger([&calls](const Request& request, const Response& response) {
         calls.note("log " + request.path + " " + std::to_string(response.status) + " " +
                    response.get_header_value("Keep-Alive"));
       });
     }},
    {"a writer of fields",
     [](httplib::Server& server, Calls&) {
       with(server, [](auto& any) -> decltype(any.set_header_writer({}), void()) {
         any.set_header_writer([](httplib::Stream& stream, httplib::Headers& headers) {
           std::string text = "X-Written: 1\r\n";
           for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
           text += "\r\n";
           return stream.write(text.data(), text.size());
         });
       });
     }},
    {"logs of newer versions",
     [](httplib::Server& server, Calls& calls) {
       with(server, [&](auto& any) -> decltype(any.set_error_logger({}), void()) {
         any.set_error_logger([&calls](const auto& error, const Request* request) {
           calls.note("error " + std::to_string(static_cast<int>(error)) + " at " +
                      (request ? request->path : "nothing"));
         });
         any.set_pre_compression_logger([&calls](const Request& request, const Response&) {
           calls.note("compresses " + request.path);
         });
       });
     }},
    {"a hook of newer versions",
     [](httplib::Server& server, Calls& calls) {
       with(server, [&](auto& any) -> decltype(any.set_pre_request_handler({}), void()) {
         any.set_pre_request_handler([&calls](const Request& request, Response& response) {
           calls.note("request " + request.path);
           if (request.path != "/text") return httplib::Server::HandlerResponse::Unhandled;
           response.set_content("taken", "text/plain");
           return httplib::Server::HandlerResponse::Handled;
         });
       });
     }},
};

TEST(DirectCallTest, IsSeenByNobody) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "a.txt") << "a file";
  for (const Row& row : kServers) {
    Calls calls;
    RunningServer<HttpServer> running;
    httplib::Server& server = *running;
    add_routes(server, calls);
    add_newer_routes(server, folder.path().string());
    server.set_mount_point("/files", folder.path().string());
    server.set_keep_alive_timeout(7);
    row.set_up(server, calls);
    running.start();
    for (const std::string& target : kTargets) {
      for (const std::string fields :
           {"", "Connection: close\r\n", "Accept-Encoding: gzip\r\n",
            "X-Own: 1\r\nx-own: 2\r\nAccept: text/html;q=0.5, */*;q=0.1, image/*\r\n",
            "Accept: text/html,,\r\n", "Upgrade: websocket\r\n",
            "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"}) {
        const std::string direct = answer_to(running.port(), target, fields);
        const std::string direct_calls = calls.take();
        const std::string through = fields + std::string(kThroughTheLibrary);
        EXPECT_EQ(direct, answer_to(running.port(), target, through))
            << row.name << ", " << target << ", " << fields;
        EXPECT_EQ(direct_calls, calls.take()) << row.name << ", " << target << ", " << fields;
      }
    }
  }
}

TEST(DirectCallTest, KeepsTheConnectionOrEndsItAsTheAnswerSays) {
  Calls calls;
  RunningServer<HttpServer> server;
  add_routes(*server, calls);
  server.start();
  TestConnection client = TestConnection::plain(server.port());
  for (int i = 0; i < 3; ++i) {
    const TestResponse response = client.get("/text", "a.test");
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.headers.at("keep-alive").starts_with("timeout="));
  }
  EXPECT_EQ(client.get("/nothing", "a.test").body, "");
  EXPECT_EQ(client.get("/text", "a.test", "Connection: close\r\n").headers.at("connection"),
            "close");
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace autohttps
