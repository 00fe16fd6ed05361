// The Store's operations on files: how each is whole or not at all, whatever happens half-way (not
// installed).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/files.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// All throw std::system_error with the old value kept, and take keys that were checked.

std::optional<std::string> read_file(const Folder& store, const std::string& key);
// A file in tmp/, then a rename: readers see the whole old or the whole new one.
void put_file(const Folder& store, const std::string& key, std::string_view value, Store::Survives);
void append_line(const Folder& store, const std::string& key, std::string_view line);
void remove_key(const Folder& store, const std::string& key, Store::Survives);
// Everything below the target survives a power cut from here on; ENOENT when there is no such
// folder.
void sync_target(const Folder& store, const std::string& pointer, const std::string& target);
void replace_link(const Folder& store, const std::string& pointer, const std::string& target);
// What a symbolic link says; empty when there is none. Not followed.
std::optional<std::string> read_link(const Folder& store, const std::string& pointer);
bool is_folder(const Folder& store, const std::string& key);
// To quarantine/<time>-<n>/<key>, with the reason beside it.
void quarantine_key(const Folder& store, const std::string& key, std::string_view why,
                    WallTime now);
// What crashes left in tmp/ more than an hour ago. Best effort.
void sweep_temporaries(const Folder& store) noexcept;

}  // namespace autohttps::acme
