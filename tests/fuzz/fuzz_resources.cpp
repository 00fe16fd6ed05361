// Directory, account, order, authorization and challenge: the first byte says which.
#include <autohttps/acme/protocol/resources.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/challenge_answers.h>

#include "fuzz.h"

using namespace autohttps;
using namespace autohttps::acme;

namespace {

const ResourceContext kContext{"reading it", "https://ca.test/directory"};

void check_url(const std::string& url) { require(is_https_url(url, kContext.origin)); }

void check_challenge(const Challenge& challenge) {
  check_url(challenge.url);
  require(challenge.token.empty() || is_token(challenge.token));
}

void check_directory(std::string_view json) {
  const Directory directory = parse_directory(json, kContext);
  check_url(directory.new_nonce);
  check_url(directory.new_account);
  check_url(directory.new_order);
}

void check_order(std::string_view json) {
  const Order order = parse_order(json, kContext);
  check_url(order.finalize);
  for (const std::string& url : order.authorizations) check_url(url);
  if (order.certificate) check_url(*order.certificate);
  for (const Identifier& name : order.identifiers) require(Identifier::parse(name.value) == name);
}

void check_authorization(std::string_view json) {
  const Authorization authorization = parse_authorization(json, kContext);
  for (const Challenge& challenge : authorization.challenges) check_challenge(challenge);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view json = text_of(data + 1, size - 1);
  may_refuse([&] {
    switch (data[0]) {
      case 'd':
        return check_directory(json);
      case 'o':
        return check_order(json);
      case 'a':
        return check_authorization(json);
      case 'c':
        return check_challenge(parse_challenge(json, kContext));
      default:
        parse_account(json, kContext);
    }
  });
  return 0;
}
