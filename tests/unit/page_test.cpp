// What a person reads about a counterexample.
#include "fuzz/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "model/oracle/model_engine.hpp"
#include "tests/properties/watched.hpp"

namespace kvspec::watched {
namespace {

using testing::HasSubstr;

std::string page_of(const Config<S>& config, const Commands& commands) {
  return fuzz::page(config, commands, commands.size() - 1, oracle::model_engine());
}

TEST(Page, TellsTheCommandsAndDrawsThePool) {
  const Config<S> config = config_of({full(2), window(2, 2)}, 8);
  EXPECT_EQ(page_of(config, {add("r0", tokens(1, 5)), allocate("r0", 0, 4), add("r1", tokens(1, 5)), look_up("r1"),
                             admit("r1", 4, 1)}),
            "in words:\n"
            "     1  r0 arrives with 5 tokens [1 2 3 4 5]: 2 full blocks\n"
            "     2  r0 with 0 tokens computed asks for slots of 4 new tokens: new group 0 [1 2], group 1 [3 4]; "
            "3 free blocks\n"
            "     3  r1 arrives with 5 tokens [1 2 3 4 5]: 2 full blocks\n"
            "     4  r1 looks up its prefix: a hit of 4 tokens, group 0 [1 2], group 1 [0 4]\n"
            "     5  r1 with 0 tokens computed asks for slots of 1 new token and takes its hit of 4: "
            "new group 0 [5], group 1 [6]; 1 free block\n"
            "the pool before command 5:\n"
            "  free, in order  5 6 7\n"
            "  group 0 (full, 2 tokens a block)\n"
            "    r0  1=r0[0] 2=r0[1] |\n"
            "  group 1 (swa, 2 tokens a block)\n"
            "    r0  3=r0[0] 4=r0[1] |\n"
            "and after it:\n"
            "  free, in order  7\n"
            "  group 0 (full, 2 tokens a block)\n"
            "    r0  1=r0[0]x2 2=r0[1]x2 |\n"
            "    r1  1=r0[0]x2 2=r0[1]x2 | 5\n"
            "  group 1 (swa, 2 tokens a block)\n"
            "    r0  3=r0[0] 4=r0[1]x2 |\n"
            "    r1  - 4=r0[1]x2 | 6\n");
}

TEST(Page, SaysRefusalsErrorsAndWhatChangesNothing) {
  const Config<S> config = config_of({full()}, 2);
  const Commands commands{add("r0", tokens(1, 4)), allocate("r0", 0, 4), free("r9")};
  const std::string text = page_of(config, commands);
  EXPECT_THAT(text,
              HasSubstr("     2  r0 with 0 tokens computed asks for slots of 4 new tokens: refused; 1 free block"));
  EXPECT_THAT(text, HasSubstr("     3  r9 is preempted and gives its blocks back: an error, REQ-02: "));
  EXPECT_THAT(text, HasSubstr("\nand after it the same\n"));
}

TEST(Page, SaysThatAConfigurationIsRejected) {
  EXPECT_THAT(page_of(config_of({full()}, 0), {add("r0", {1})}), HasSubstr("rejected: CONF-01"));
}

// The hash that a request had when it was dropped keeps its name; of a foreign one the first bytes are shown.
TEST(Page, NamesWhatBlocksHold) {
  Config<S> config = config_of({full()}, 4);
  const Commands commands{add("r0", {7}), allocate("r0", 0, 1), free("r0"), NewStepStarts<S>{}};
  EXPECT_THAT(page_of(config, commands), HasSubstr("free, in order  2 3 1=r0[0]\n"));
  EXPECT_THAT(fuzz::page(config, commands, 3, oracle::model_engine(), 1),
              HasSubstr("  ... 3 commands before these\n     4  a step begins\n"));
}

// Every command has words of its own, not its name.
TEST(Page, HasWordsForEveryCommand) {
  const auto words = []<class C>(const C& c) {
    const std::string text = fuzz::in_words(Command<S>(c), Observation<S>(typename C::Observation{}));
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find('_'), std::string::npos) << text;
  };
  [&]<class... C>(std::variant<C...>*) { (words(C{}), ...); }(static_cast<Command<S>*>(nullptr));
}

}  // namespace
}  // namespace kvspec::watched
