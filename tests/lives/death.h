// How a process ends in the middle of what it does, and what the disk keeps of it.
#pragma once

#include <autohttps/tests/support/memory_store.h>

#include <ostream>

namespace autohttps::acme {

struct Death {
  bool renewal;
  MemoryStore::When when;
  MemoryDisk::Loses loses;
};

inline std::ostream& operator<<(std::ostream& out, const Death& death) {
  const bool before = death.when == MemoryStore::When::before;
  out << (death.renewal ? "a renewal" : "a first order") << ", killed "
      << (before ? "before" : "after") << " the change, ";
  switch (death.loses) {
    case MemoryDisk::Loses::nothing:
      return out << "nothing lost";
    case MemoryDisk::Loses::unsynced:
      return out << "what was not synced lost";
    case MemoryDisk::Loses::contents:
      return out << "contents that were not synced lost";
  }
  return out;
}

}  // namespace autohttps::acme
