// What commands say about certificates: lines for people, objects for --json (schema 1).
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/tools/autohttps/outlook.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// Grows within a version, never changes meaning; a breaking change makes it 2.
inline constexpr int kSchema = 1;

std::string_view action_name(acme::Outcome::Action) noexcept;

// {"schema": 1, "command": ...}: what every object begins with.
Json answer(std::string_view command);
Json error_json(const Error&);
Json outcome_json(const acme::Outcome&, const std::filesystem::path& store);
Json outlook_json(const Outlook&, const std::filesystem::path& store, WallTime now);

// The action of the whole run: the worst of its outcomes' that counts.
acme::Outcome::Action overall(const std::vector<acme::Outcome>&) noexcept;

// For a look that found nothing to do.
acme::Outcome nothing_due(const Outlook&, WallTime now);

// Parts of them: a labelled line, a time with how far it is, and the objects.
std::string labelled(std::string label, const std::string& value);
std::string moment(WallTime, WallTime now);
std::string last_failure_text(const acme::CertificateState&, WallTime now);  // there is one
Json time_json(const std::optional<WallTime>&);
Json failure_json(const acme::Failure&);
Json generation_json(const acme::Generation&, WallTime now);
Json part_json(const acme::GenerationPart&, WallTime now);

std::string outlook_text(const Outlook&, const std::filesystem::path& store, WallTime now);
std::string outlook_line(const Outlook&, WallTime now);

// certificates/<id>/current below the store.
std::filesystem::path files_of(const std::filesystem::path& store, std::string_view id);
// Is it of the user's own request? Then its key is not there.
bool has_own_request(const std::filesystem::path& files);

}  // namespace autohttps::tools
