// What needs no handle: versions, names, clauses.
#include "model/oracle/c_api/boundary.hpp"
#include "spec/trace/names.hpp"
#include "spec/version.hpp"

namespace {

// Views of literals, which end with a NUL.
void write(const kvspec::ClauseEntry& entry, kvspec_clause& clause) {
  clause = {entry.id.data(), name_of(entry.kind).data(), entry.origin.data(), entry.sentence.data()};
}

}  // namespace

const char* kvspec_status_name(kvspec_status status) {
  switch (static_cast<int>(status)) {
#define KVSPEC_NAME_OF(status) \
  case status:                 \
    return #status
    KVSPEC_NAME_OF(KVSPEC_OK);
    KVSPEC_NAME_OF(KVSPEC_END);
    KVSPEC_NAME_OF(KVSPEC_DIFFERENT);
    KVSPEC_NAME_OF(KVSPEC_INVALID_ARGUMENT);
    KVSPEC_NAME_OF(KVSPEC_UNKNOWN_NAME);
    KVSPEC_NAME_OF(KVSPEC_BAD_TEXT);
    KVSPEC_NAME_OF(KVSPEC_REJECTED);
    KVSPEC_NAME_OF(KVSPEC_BROKEN);
    KVSPEC_NAME_OF(KVSPEC_OUT_OF_MEMORY);
    KVSPEC_NAME_OF(KVSPEC_INTERNAL);
    KVSPEC_NAME_OF(KVSPEC_UNUSABLE);
#undef KVSPEC_NAME_OF
    default:
      return "?";
  }
}

int kvspec_abi_version(void) { return KVSPEC_ABI_VERSION; }

const char* kvspec_version(void) { return kvspec::version_string; }

void kvspec_free_text(char* text) { std::free(text); }

size_t kvspec_num_clauses(void) { return kvspec::clause_registry.size(); }

kvspec_status kvspec_clause_at(size_t index, kvspec_clause* clause) {
  if (clause == nullptr) return KVSPEC_INVALID_ARGUMENT;
  *clause = {};
  if (index >= kvspec::clause_registry.size()) return KVSPEC_INVALID_ARGUMENT;
  write(kvspec::clause_registry[index], *clause);
  return KVSPEC_OK;
}

kvspec_status kvspec_find_clause(const char* id, kvspec_clause* clause) {
  if (clause != nullptr) *clause = {};
  if (id == nullptr || clause == nullptr) return KVSPEC_INVALID_ARGUMENT;
  const kvspec::ClauseEntry* entry = kvspec::c_api::find_clause(id);
  if (entry == nullptr) return KVSPEC_UNKNOWN_NAME;
  write(*entry, *clause);
  return KVSPEC_OK;
}
