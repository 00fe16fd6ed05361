// Writes a store with many certificates of a throw-away CA: what the benches and tests of large
// stores are run on. Its names are c00001.many.test and so on, each a certificate of its own.
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/test_certificates.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

// In place of libc's: a store that is made anew in seconds need not survive a power cut, and tens
// of thousands of waits for the disk are what would take the time.
extern "C" int fsync(int) { return 0; }
extern "C" int fdatasync(int) { return 0; }

namespace autohttps::bench {
namespace {

constexpr int kMostCertificates = 99'999;  // the names have five digits
// Nobody is there: whoever serves the store lives from it alone.
constexpr const char* kNoCa = "https://127.0.0.1:1/directory";

std::string name_of(int number) {
  char name[32];
  std::snprintf(name, sizeof name, "c%05d.many.test", number);
  return name;
}

void add(acme::CertificateStore& certificates, Clock& clock, const TestCa& ca,
         const std::string& name) {
  acme::CertificateSpec wish;
  wish.id = name;
  wish.names = parse_identifiers({name});
  acme::CaSpec nobody;
  nobody.directory_url = kNoCa;
  nobody.limits = "none";
  nobody.terms_agreed = true;
  wish.cas = {nobody};
  certificates.put_spec(wish);
  const TestChain chain = ca.leaf({name});
  acme::Bundle bundle;
  bundle.chain_pem = chain.chain;
  bundle.key_pem = chain.key;
  bundle.ca = kNoCa;
  bundle.names = wish.names;
  const auto lock = certificates.lock(name, clock.steady(), {});
  certificates.add(*lock, name, bundle, "first issue", clock.wall());
}

void make(const std::filesystem::path& folder, int count) {
  SystemClock clock;
  const auto store = acme::open_file_store(folder, clock);
  acme::CertificateStore certificates(*store);
  const TestCa ca;
  std::atomic<int> next{1};
  std::exception_ptr failure;  // written by one of the threads at most
  std::atomic<bool> failed{false};
  const auto work = [&] {
    try {
      for (int i; !failed && (i = next++) <= count;) add(certificates, clock, ca, name_of(i));
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    const unsigned most = std::max(std::thread::hardware_concurrency(), 1U);
    for (unsigned i = 0; i < most; ++i) workers.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  std::ofstream(folder / "root.pem") << ca.root();
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) {
  const int count = argc == 3 ? std::atoi(argv[2]) : 0;
  if (count < 1 || count > autohttps::bench::kMostCertificates) {
    std::fprintf(stderr,
                 "usage: make_store DIR COUNT\n"
                 "A new store in DIR with COUNT certificates (1 to %d) for c00001.many.test and so "
                 "on; their root is in DIR/root.pem.\n",
                 autohttps::bench::kMostCertificates);
    return 2;
  }
  try {
    autohttps::bench::make(argv[1], count);
    return 0;
  } catch (const autohttps::Error& error) {
    std::fprintf(stderr, "make_store: %s\n%s\n", error.what(), error.hint().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_store: %s\n", error.what());
  }
  return 1;
}
