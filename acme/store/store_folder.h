// Opening the store's folder: whose it is, which version, fit to be used (not installed).
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/files.h>

#include <sys/types.h>

#include <string>

namespace autohttps::acme {

struct StoreFolder {
  Folder folder;
  dev_t device;
  ino_t inode;
  std::string newer_version;  // a newer minor one: the store is read and not changed; else empty
};

// new_or_existing: made when absent, begun when empty. existing: only one that is a store already.
enum class StoreMust { new_or_existing, exist };

// `path` is absolute. Throws Error(storage | permission | config) for people.
StoreFolder open_store_folder(const std::string& path, StoreMust, Clock&);

// An Error for what the operating system refused: "<doing> in the store \"<path>\": <cause>", with
// the next step.
[[noreturn]] void throw_store_error(const std::string& path, const std::string& doing,
                                    int error_number);

}  // namespace autohttps::acme
