// The library's first example, made but not served: the package has what it promises.
#include <autohttps/server/auto_https/auto_https.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  autohttps::AutoHttps site({.domains = {"example.com"}, .agree_to_terms = true, .store = argv[1]});
  site.routes().Get("/hello", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("hi", "text/plain");
  });
  std::cout << "made\n";
}
