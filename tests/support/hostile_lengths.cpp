#include <autohttps/tests/support/hostile_requests.h>

namespace autohttps {
namespace {

using namespace std::string_literals;

std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\n" + kHostileHost + fields + "\r\n" + body;
}

std::string with_length(const std::string& value) {
  return post("Content-Length: " + value + "\r\n", "hello");
}

// What it names would end behind the chunk, or (taken for another coding) never.
std::string with_coding(const std::string& value) {
  return post("Transfer-Encoding: " + value + "\r\n", "5\r\nhello\r\n0\r\n\r\n");
}

std::string of_method(const std::string& method, const std::string& body) {
  return method + " / HTTP/1.1\r\n" + kHostileHost +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// RFC 9112 6.2, 6.3.
std::vector<HostileRequest> lengths() {
  return {
      accepted("a length", with_length("5"), "hello"),
      accepted("a length with zeros before it", with_length("0000000005"), "hello"),
      accepted("a length with white space around it", with_length(" \t5\t "), "hello"),
      accepted("a length of nothing", post("Content-Length: 0\r\n", ""), ""),
      accepted("a length in another case", post("cONTENT-lENGTH: 5\r\n", "hello"), "hello"),
      accepted("no length", post("", ""), ""),
      accepted("a body that is a request", of_method("POST", kNextRequest), kNextRequest),
      accepted("a body that is the end of a head", of_method("POST", "\r\n\r\n"), "\r\n\r\n"),
      accepted("a body of GET that is a request",
               of_method("GET", kNextRequest)),  // CVE-2026-34441
      accepted("a body of OPTIONS that is a request", of_method("OPTIONS", kNextRequest)),
      accepted("an empty line behind a body", with_length("5") + "\r\n", "hello"),
      {"more than the length", with_length("4"), {{200, "hell"}}, false},
      {"more than the length, no request",
       with_length("4") + "\r\n" + kNextRequest,
       {{200, "hell"}, 400},
       true},
      {"a body without a length", post("", "hello\r\n\r\n"), {{200, ""}, 400}, true},

      refused("a length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
      refused("a length twice, differing",
              post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello")),
      refused("a length twice, one of them empty",
              post("Content-Length: 5\r\nContent-Length:\r\n", "hello")),
      refused("a length twice, in another case",
              post("Content-Length: 5\r\ncontent-length: 5\r\n", "hello")),
      refused("a list of lengths", with_length("5, 5")),
      refused("a list of differing lengths", with_length("5,6")),
      refused("a list with nothing behind the length", with_length("5,")),
      refused("an empty length", with_length("")),
      refused("a length with a plus", with_length("+5")),
      refused("a length with a minus", with_length("-5")),
      refused("a length of minus nothing", with_length("-0")),
      refused("a length in hexadecimal", with_length("0x5")),
      refused("a length in hexadecimal digits", with_length("a")),
      refused("a length with a fraction", with_length("5.0")),
      refused("a length with an exponent", with_length("5e0")),
      refused("a length with a separator", with_length("1_0")),
      refused("a length with a space in it", with_length("5 5")),
      refused("a length with a parameter", with_length("5;a")),
      refused("a length in quotes", with_length("\"5\"")),
      refused("a length in words", with_length("five")),
      refused("a length behind a vertical tab", with_length("\v5")),
      refused("a length with a NUL", with_length("5\0"s)),
      refused("a length behind a no-break space", with_length("\xa0"
                                                              "5")),
      refused("a length in other digits", with_length("\xd9\xa5")),
      refused("a length with an escape", with_length("%35")),
      refused("a length of 2^63", with_length("9223372036854775808")),
      refused("a length of 2^64", with_length("18446744073709551616")),
      refused("a length of 2^64 and 5", with_length("18446744073709551621")),
      refused("a length without end", with_length(std::string(500, '9'))),
      refused("a folded length", post("Content-Length:\r\n 5\r\n", "hello")),
      refused("a length with a space before the colon", post("Content-Length : 5\r\n", "hello")),
      refused("a length behind a bare LF", post("X: y\nContent-Length: 5\r\n", "hello")),
      refused("a length behind a bare CR", post("X: y\rContent-Length: 5\r\n", "hello")),
      refused("a length that is no number for GET",
              "GET / HTTP/1.1\r\n" + kHostileHost + "Content-Length: x\r\n\r\n"),
  };
}

// RFC 9112 6.1, 6.3, 7.
std::vector<HostileRequest> codings() {
  const std::string chunks = "5\r\nhello\r\n0\r\n\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      accepted("chunked", with_coding("chunked"), "hello"),
      accepted("chunked in another case", with_coding("Chunked"), "hello"),
      accepted("chunked with white space around it", with_coding("\t chunked\t "), "hello"),
      refused("length and coding", post("Content-Length: 5\r\n" + chunked, chunks)),
      refused("coding and length", post(chunked + "Content-Length: 5\r\n", chunks)),
      refused("length and a coding that is none",
              post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", "hello")),
      refused("coding and a length of nothing", post(chunked + "Content-Length: 0\r\n", chunks)),
      refused("coding twice", post(chunked + chunked, chunks)),
      refused("coding twice, differing", post("Transfer-Encoding: gzip\r\n" + chunked, chunks)),
      refused("coding twice, in another case",
              post(chunked + "transfer-encoding: identity\r\n", chunks)),
      refused("coding in HTTP/1.0", "POST / HTTP/1.0\r\n" + chunked + "\r\n" + chunks),
      refused("gzip", with_coding("gzip"), 501),
      refused("gzip, chunked", with_coding("gzip, chunked"), 501),
      refused("identity", with_coding("identity"), 501),
      refused("identity, chunked", with_coding("identity, chunked"), 501),
      refused("xchunked", with_coding("xchunked"), 501),
      refused("chunkedx", with_coding("chunkedx"), 501),
      refused("chunk", with_coding("chunk"), 501),
      refused("cow", with_coding("cow"), 501),
      refused("chunked, gzip", with_coding("chunked, gzip")),
      refused("chunked, identity", with_coding("chunked, identity")),
      refused("chunked, chunked", with_coding("chunked, chunked")),
      refused("chunked with a parameter", with_coding("chunked;q=1")),
      refused("chunked with nothing behind it", with_coding("chunked,")),
      refused("chunked with nothing before it", with_coding(",chunked")),
      refused("chunked in quotes", with_coding("\"chunked\"")),
      refused("chunked in apostrophes", with_coding("'chunked'"), 501),
      refused("chunked with a space in it", with_coding("chu nked")),
      refused("chunked behind a vertical tab", with_coding("\vchunked")),
      refused("chunked before a form feed", with_coding("chunked\f")),
      refused("chunked with a NUL", with_coding("chunked\0"s)),
      refused("chunked behind a no-break space", with_coding("\xa0"
                                                             "chunked")),
      refused("chunked with a long s", with_coding("chunked\xc5\xbf")),
      refused("an empty coding", with_coding("")),
      refused("a folded coding", with_coding("\r\n chunked")),
      refused("a coding with a space before the colon",
              post("Transfer-Encoding : chunked\r\n", chunks)),
      refused("a coding behind a bare LF", post("X: y\n" + chunked, chunks)),
      refused("a coding behind a bare CR", post("X: y\r" + chunked, chunks)),
      refused("a coding behind a fold", post("X: y\r\n " + chunked, chunks)),
      // Other names: no coding, hence no body, and what looked like one is no request.
      {"a coding with an underscore",
       post("Transfer_Encoding: chunked\r\n", chunks) + kNextRequest,
       {{200, ""}, 400},
       true},
      {"a coding with an X",
       post("X-Transfer-Encoding: chunked\r\n", chunks) + kNextRequest,
       {{200, ""}, 400},
       true},
      {"a length and a coding with an underscore",
       post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello") + kNextRequest,
       {{200, "hello"}, 200},
       false},
  };
}

}  // namespace

std::vector<HostileRequest> hostile_lengths() {
  std::vector<HostileRequest> all = lengths();
  for (HostileRequest& row : codings()) all.push_back(std::move(row));
  return all;
}

}  // namespace autohttps
