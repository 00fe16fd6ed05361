// The Store on a folder: openat2 beneath it, OFD locks, atomic renames, one symlink flip.
#pragma once

#include <autohttps/acme/store/store.h>

#include <filesystem>
#include <memory>

namespace autohttps::acme {

// Where the store is when nobody says: $STATE_DIRECTORY, /var/lib/autohttps for root, else
// $XDG_STATE_HOME/autohttps or
// ~/.local/state/autohttps.
std::filesystem::path default_store_path();

// Thread-safe. Creates the folder (0700) and `version` when absent; throws Error(storage |
// permission) when it cannot be used: another owner, modes that let others write, a newer major
// version.
std::unique_ptr<Store> open_file_store(const std::filesystem::path&, Clock&);

}  // namespace autohttps::acme
