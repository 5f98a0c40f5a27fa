// What blocks an engine may call by other names, and where it may change them.
#include "fuzz/check/renaming.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fuzz/check/tolerance.hpp"
#include "tests/engines/observations.hpp"

namespace kvspec::fuzz {
namespace {

using engines::given_out;
using engines::S;
using engines::table;

Renaming under(const char* mode) { return Renaming(*Tolerance::from_text(mode)); }

// Of seven blocks those that are free and hold nothing.
std::vector<bool> all_free() { return {false, true, true, true, true, true, true}; }

// Covers: MODE-01
TEST(Renaming, IsLearnedAndStays) {
  Renaming renaming = under("ids");
  EXPECT_EQ(renaming.for_model(given_out({{1, 2}}), given_out({{6, 5}}), {}), given_out({{1, 2}}));
  EXPECT_EQ(renaming.for_model(table({{1, 2}}), table({{6, 5}}), {}), table({{1, 2}}));
  EXPECT_EQ(renaming.for_model(table({{1, 2}}), table({{5, 6}}), {}), table({{2, 1}})) << "no difference is hidden";
  EXPECT_EQ(renaming.for_model(table({{0, 2}}), table({{0, 5}}), {}), table({{0, 2}}));
}

// Covers: MODE-01
TEST(Renaming, OfOneBlockForTwoIsADifference) {
  for (const char* mode : {"ids", "order", "eviction"}) {
    Renaming renaming = under(mode);
    EXPECT_EQ(renaming.for_model(given_out({{1, 2}}), given_out({{6, 6}}), all_free()), given_out({{1, 1}})) << mode;
  }
}

// Also where the block has the model's name already, in another group, and in what is asked next.
// Covers: MODE-01, MODE-02
TEST(Renaming, OfOneBlockForTwoIsADifferenceWhateverItsNameIs) {
  Renaming renaming = under("order");
  (void)renaming.for_model(given_out({{1}}), given_out({{6}}), all_free());
  EXPECT_EQ(renaming.for_model(given_out({{1}, {2}}), given_out({{6}, {6}}), all_free()), given_out({{1}, {1}}));
}

// Covers: MODE-02
TEST(Renaming, OfAFreeBlockMayChangeWhenItIsGivenOut) {
  Renaming renaming = under("order");
  (void)renaming.for_model(given_out({{1, 2, 3}}), given_out({{4, 5, 6}}), all_free());
  EXPECT_EQ(renaming.for_model(given_out({{1, 2}}), given_out({{5, 4}}), all_free()), given_out({{1, 2}}));
  EXPECT_EQ(renaming.for_model(table({{1, 2, 3}}), table({{5, 4, 6}}), {}), table({{1, 2, 3}}));
  // One that is in use or holds something has its name.
  std::vector<bool> without_three = all_free();
  without_three[3] = false;
  EXPECT_EQ(renaming.for_model(given_out({{1}}), given_out({{6}}), without_three), given_out({{3}}));
}

}  // namespace
}  // namespace kvspec::fuzz
