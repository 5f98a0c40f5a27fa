#include "tests/mutants/hunter/seed_cases.hpp"

#include <vector>

#include "model/hashing/block_hash.hpp"
#include "spec/storage.hpp"
#include "tests/mutants/hunter/loaded.hpp"
#include "tests/seed/cases.hpp"
#include "tests/seed/recorded_only.hpp"
#include "tests/seed/worlds.hpp"

namespace kvspec::mutants {
namespace {

// The cases name blocks below 128.
class LoadedIndex {
 public:
  void insert(const BlockKey<Growing>& key, BlockId b) { index_->insert(key, b); }
  bool pop(const BlockKey<Growing>& key, BlockId b) { return index_->pop(key, b); }
  std::optional<BlockId> first(const BlockKey<Growing>& key) const { return index_->first(key); }

 private:
  std::unique_ptr<SubjectIndex> index_ = library().make_index(128);
};

struct LoadedWorld {
  using Storage = Growing;
  using System = Loaded;
  using Hashing = model::ExactHashing;
  using Index = LoadedIndex;
  static constexpr bool checks_invariants = true;
};

using World = seed::UnderEitherSemantics<LoadedWorld>;

void add(std::vector<SeedCase>& cases, const std::string& name, const std::string& parameters, Semantics semantics,
         seed::Verdict (*run)()) {
  const bool must_fail = semantics == Semantics::sound && !seed::deviation_of(name).empty();
  cases.push_back({name + (parameters.empty() ? "" : "/" + parameters), name, semantics, must_fail, run});
}

std::vector<SeedCase> all_cases() {
  using namespace seed;
  std::vector<SeedCase> cases;
#define KVSPEC_MUTANTS_SEED_CASE(name, parameters, world, limits, ...) \
  add(cases, #name, parameters, Semantics::recorded, [] {              \
    World::semantics = Semantics::recorded;                            \
    return name<World>(__VA_ARGS__);                                   \
  });                                                                  \
  add(cases, #name, parameters, Semantics::sound, [] {                 \
    World::semantics = Semantics::sound;                               \
    return name<World>(__VA_ARGS__);                                   \
  });
  KVSPEC_SEED_CASES(KVSPEC_MUTANTS_SEED_CASE)
#undef KVSPEC_MUTANTS_SEED_CASE
  return cases;
}

}  // namespace

std::span<const SeedCase> seed_cases() {
  static const std::vector<SeedCase> cases = all_cases();
  return cases;
}

}  // namespace kvspec::mutants
