#include "model/oracle/c_api/boundary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "spec/trace/text.hpp"

namespace kvspec::c_api {

namespace {

// Cut between characters, without allocating; what comes here is valid UTF-8, or the message of an exception.
void write_message(kvspec_error& error, std::string_view message) noexcept {
  constexpr std::size_t most = KVSPEC_MESSAGE_BYTES - 1;
  std::size_t size = std::min(message.size(), most);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(message[at]) & 0xC0) == 0x80; };
  if (size < message.size()) {
    while (size > 0 && continues(size)) --size;
  }
  std::memcpy(error.message, message.data(), size);
  error.message[size] = '\0';
}

}  // namespace

kvspec_status succeed(kvspec_error* error) noexcept { return fail(error, KVSPEC_OK, ""); }

kvspec_status fail(kvspec_error* error, kvspec_status status, std::string_view message) noexcept {
  if (error == nullptr) return status;
  *error = {};
  error->status = status;
  write_message(*error, message);
  return status;
}

kvspec_status fail(kvspec_error* error, kvspec_status status, Clause clause, std::string_view message) noexcept {
  fail(error, status, message);
  if (error == nullptr) return status;
  // Views of literals, which end with a NUL.
  error->clause = describe(clause).id.data();
  error->sentence = describe(clause).sentence.data();
  return status;
}

kvspec_status invalid(kvspec_error* error, std::string_view message) noexcept {
  return fail(error, KVSPEC_INVALID_ARGUMENT, message);
}

kvspec_status unusable(kvspec_error* error) noexcept {
  return fail(error, KVSPEC_UNUSABLE, "an earlier call was broken off halfway: the handle can only be destroyed");
}

kvspec_status reject(kvspec_error* error, Error broken) {
  const ClauseEntry& clause = describe(broken.clause);
  fail(error, KVSPEC_REJECTED, broken.clause,
       fmt::format("{} (offending: {}): {}", clause.id, broken.offending, clause.sentence));
  if (error != nullptr) error->offending = broken.offending;
  return KVSPEC_REJECTED;
}

kvspec_status bad_text(kvspec_error* error, std::string_view what, const TraceError& found) {
  const std::string place = found.what.starts_with(what) ? "" : fmt::format("{}: ", what);
  return fail(error, KVSPEC_BAD_TEXT, found.clause,
              fmt::format("{}{} [{}]", place, found.what, describe(found.clause).id));
}

OwnedText own(std::string_view text) {
  OwnedText copy(static_cast<char*>(std::malloc(text.size() + 1)));
  if (!copy) throw std::bad_alloc();
  std::memcpy(copy.get(), text.data(), text.size());
  copy.get()[text.size()] = '\0';
  return copy;
}

const ClauseEntry* find_clause(const char* id) noexcept {
  if (id == nullptr) return nullptr;
  const auto found = std::ranges::find(clause_registry, std::string_view(id), &ClauseEntry::id);
  return found == clause_registry.end() ? nullptr : &*found;
}

}  // namespace kvspec::c_api
