// Input that makes no sense: one line that says where, what and which clause, exit code 2, and nothing else is harmed.
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "tests/golden/command_line.hpp"

namespace kvspec::golden {
namespace {

std::string config_line() { return lines_of(read_file(golden_file("full_17")))[0] + "\n"; }

// The configuration of a recorded trace with one text replaced by another.
std::string config_with(const std::string& from, const std::string& to) {
  std::string line = config_line();
  const std::size_t at = line.find(from);
  EXPECT_NE(at, line.npos) << from;
  return at == line.npos ? line : line.replace(at, from.size(), to);
}

struct BadInput {
  const char* what;
  std::string content;
  std::size_t line;
  const char* clause;
  const char* message;  // occurs in the line
};

std::vector<BadInput> bad_inputs() {
  const std::string config = config_line();
  const std::string r0 = R"({"in":{"op":"new_request","req":"r0","tokens":[1,2,3]}})"
                         "\n";
  const auto in = [&](const std::string& input) { return config + r0 + R"({"in":)" + input + "}\n"; };
  return {
      {"a truncated line", config + r0 + R"({"in":{"op":"free","re)", 3, "TRACE-01", ""},
      {"not JSON", config + "hello\n", 2, "TRACE-01", ""},
      {"an empty line", config + "\n" + r0, 2, "TRACE-01", "empty"},
      {"invalid UTF-8", in("{\"op\":\"free\",\"req\":\"r\xff\",\"drop\":true}"), 3, "TRACE-01", ""},
      {"no configuration", r0, 1, "TRACE-02", "config"},
      {"a line without an input",
       config + R"({"out":{}})"
                "\n",
       2, "TRACE-02", "in"},
      {"an unknown operation", in(R"({"op":"defragment"})"), 3, "TRACE-03", "defragment"},
      {"no operation", in(R"({"req":"r0"})"), 3, "TRACE-03", ""},
      {"an unknown member", in(R"({"op":"free","req":"r0","drop":true,"color":"red"})"), 3, "TRACE-04", "color"},
      {"a missing member", in(R"({"op":"free","req":"r0"})"), 3, "TRACE-04", "drop"},
      {"a member of another type", in(R"({"op":"free","req":7,"drop":true})"), 3, "TRACE-04", "req"},
      {"a negative number", in(R"({"op":"evict_blocks","block_ids":[-1]})"), 3, "TRACE-05", "-1"},
      {"a huge number", in(R"({"op":"cache_blocks","req":"r0","num_computed_tokens":99999999999})"), 3, "TRACE-05",
       "99999999999"},
      {"a number beyond any integer", in(R"({"op":"evict_blocks","block_ids":[1e99]})"), 3, "TRACE-", ""},
      {"something after an error",
       config +
           R"({"in":{"op":"free","req":"r0","drop":true},"out":null,"err":{"type":"","msg":""}})"
           "\n" +
           r0,
       3, "TRACE-06", ""},
      {"an empty file", "", 0, "TRACE-07", "empty"},
      {"a request never seen", in(R"({"op":"free","req":"r7","drop":true})"), 3, "REQ-02", "free"},
      {"a request added twice", config + r0 + r0, 3, "REQ-01", "new_request"},
      {"a request without tokens",
       config + R"({"in":{"op":"new_request","req":"r1","tokens":[]}})"
                "\n",
       2, "REQ-03", "new_request"},
      {"a block outside the pool", in(R"({"op":"evict_blocks","block_ids":[4000000000]})"), 3, "POOL-12", "4000000000"},
      {"a recorded answer to a wrong input",
       config + R"({"in":{"op":"free","req":"r0","drop":true},"out":{"num_free":1}})"
                "\n",
       2, "REQ-02", "free"},
      {"a pool of no blocks", config_with("\"num_blocks\":", "\"num_blocks\":-"), 1, "CONF-01", ""},
      {"cross attention with caching",
       config_with("\"kind\":\"full\",\"block_size\"", "\"kind\":\"cross\",\"block_size\""), 1, "CONF-13", ""},
      {"an unknown hash function", config_with("\"hash_fn\":\"sha256", "\"hash_fn\":\"md5"), 1, "TRACE-04", "hash_fn"},
      {"a hash block size of its own", config_with("\"hash_block_size\":", "\"hash_block_size\":1"), 1, "CONF-", ""},
      {"a negative model length", config_with("\"max_model_len\":", "\"max_model_len\":-"), 1, "CONF-08", ""},
  };
}

class BadInputs : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Engines, BadInputs, testing::Values("model", "host"),
                         [](const auto& parameter) { return std::string(parameter.param); });

// Covers: TRACE-01, TRACE-02, TRACE-03, TRACE-04, TRACE-05, TRACE-06, TRACE-07, REQ-01, REQ-02, REQ-03, POOL-12,
// CONF-01, CONF-08, CONF-13
TEST_P(BadInputs, GiveOneLineAndExitCodeTwo) {
  const std::filesystem::path file = scratch() / "bad.jsonl";
  for (const BadInput& bad : bad_inputs()) {
    write_file(file, bad.content);
    const Ran ran = kvspec_command({"replay", "--on", GetParam(), file.string()});
    EXPECT_EQ(ran.exit_code, 2) << bad.what;
    const std::vector<std::string> lines = lines_of(ran.err);
    ASSERT_EQ(lines.size(), 1U) << bad.what << "\n" << ran.err;
    const std::string place = file.string() + (bad.line > 0 ? ":" + std::to_string(bad.line) : "");
    EXPECT_TRUE(lines[0].starts_with(place + ":")) << bad.what << "\n" << lines[0];
    EXPECT_NE(lines[0].find(std::string("[") + bad.clause), std::string::npos) << bad.what << "\n" << lines[0];
    EXPECT_TRUE(lines[0].ends_with("]")) << lines[0];
    EXPECT_NE(lines[0].find(bad.message), std::string::npos) << bad.what << "\n" << lines[0];
    EXPECT_TRUE(ran.out.starts_with("0 traces, ")) << bad.what << "\n" << ran.out;
  }
}

TEST_P(BadInputs, OtherFilesAreReplayedAllTheSame) {
  const std::filesystem::path bad = scratch() / "bad.jsonl";
  const std::filesystem::path different = scratch() / "different.jsonl";
  write_file(bad, "hello\n");
  write_file(different, config_line() + R"({"in":{"op":"take_new_block_ids"},"out":{"result":[1]}})"
                                        "\n");
  const Ran ran = kvspec_command(
      {"replay", "--on", GetParam(), bad.string(), different.string(), golden_file("full_17"), "/no/such/file"});
  EXPECT_EQ(lines_of(ran.err).size(), 2U) << ran.err;
  EXPECT_NE(ran.err.find("/no/such/file"), std::string::npos);
  EXPECT_NE(ran.err.find("[TRACE-07]"), std::string::npos);
  EXPECT_TRUE(ran.out.starts_with(different.string() + ":2: take_new_block_ids result")) << ran.out;
  EXPECT_TRUE(ran.out.ends_with("2 traces, 304 operations, 1 differences\n")) << ran.out;
  EXPECT_EQ(ran.exit_code, 2);  // bad input outweighs a difference
}

// ---- The command line itself
// -------------------------------------------------------------------------------------------

TEST(CommandLine, HelpAndVersionSucceed) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                                         {"replay", "--help"},
                                                                                         {"lockstep", "--help"},
                                                                                         {"explain", "--help"},
                                                                                         {"clauses", "--help"},
                                                                                         {"--version"}}) {
    const Ran ran = kvspec_command(arguments);
    EXPECT_EQ(ran.exit_code, 0) << arguments[0];
    EXPECT_FALSE(ran.out.empty()) << arguments[0];
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_NE(kvspec_command({"lockstep", "--help"}).out.find("context_parallel"), std::string::npos);
}

TEST(CommandLine, WrongOptionsAreSaidAndExitCodeTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"defragment"},
                                             {"replay"},
                                             {"replay", "--on", "nothing", "x"},
                                             {"replay", "--fast", "x"},
                                             {"lockstep", "--config", "nothing"},
                                             {"lockstep", "--seconds", "-1"},
                                             {"lockstep", "--seed", "-1"},
                                             {"lockstep", "--operations", "many"},
                                             {"lockstep", "--trace-dir", "/no/such/folder"},
                                             {"lockstep", "unexpected"},
                                             {"explain"},
                                             {"explain", "--at", "1000000", golden_file("full_17")},
                                             {"explain", "--at", "0", golden_file("full_17")},
                                             {"clauses",
                                              "POOL-"
                                              "99"}}) {
    const Ran ran = kvspec_command(arguments);
    EXPECT_EQ(ran.exit_code, 2) << (arguments.empty() ? "no arguments" : arguments.back());
    EXPECT_TRUE(ran.err.starts_with("kvspec")) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
}

TEST(CommandLine, ANumberThatIsNoneIsSaidInFewWords) {
  const auto said = [](const char* option, const char* number) {
    return kvspec_command({"lockstep", option, number}).err.substr(0, 100);
  };
  EXPECT_TRUE(said("--seed", "-1").starts_with("kvspec: --seed: \"-1\" is not a whole number from 0 up\n"));
  EXPECT_TRUE(
      said("--operations", "1e3").starts_with("kvspec: --operations: \"1e3\" is not a whole number from 0 up\n"));
  EXPECT_TRUE(said("--seed", "18446744073709551616")
                  .starts_with("kvspec: --seed: 18446744073709551616 needs more than 64 bits\n"));
  EXPECT_TRUE(kvspec_command({"explain", "--at", "0", golden_file("full_17")})
                  .err.starts_with("kvspec: --at: \"0\" is not a whole number from 1 up\n"));
}

TEST(CommandLine, ClausesAreListed) {
  EXPECT_GT(lines_of(kvspec_command({"clauses"}).out).size(), 80U);
  const Ran ran = kvspec_command({"clauses", "pool-06", "I13"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(lines_of(ran.out).size(), 2U);
  EXPECT_NE(ran.out.find("tail of the free queue"), std::string::npos);
}

TEST(CommandLine, ExplainTellsTheLastCommandsOfATrace) {
  const Ran ran = kvspec_command({"explain", "--at", "30", "--last", "3", golden_file("full_17")});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const std::vector<std::string> lines = lines_of(ran.out);
  ASSERT_GT(lines.size(), 8U) << ran.out;
  EXPECT_TRUE(lines[0].starts_with("config: "));
  EXPECT_EQ(lines[1], "in words:");
  EXPECT_EQ(lines[2], "  ... 27 commands before these");
  EXPECT_EQ(lines[6], "the pool before command 30:");
  EXPECT_EQ(kvspec_command({"explain", "/no/such/trace"}).exit_code, 2);
}

TEST(CommandLine, LockstepEndsWithItsSummary) {
  const Ran ran = kvspec_command({"lockstep", "--operations", "20000", "--seed", "3"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  const std::vector<std::string> lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 3U) << ran.out;
  EXPECT_EQ(lines[0], "seed 3, configuration all");
  EXPECT_TRUE(std::regex_match(lines[1], std::regex(R"([1-9]\d* of \d+ goals reached(; never: .*)?)"))) << lines[1];
  const std::regex summary(R"(20000 operations, \d+\.\d seconds, \d+ operations/s, 0 differences)");
  EXPECT_TRUE(std::regex_match(lines[2], summary)) << lines[2];
}

// What a run meets follows from its seed alone.
TEST(CommandLine, LockstepRepeatsASeed) {
  const auto met = [](const char* seed) {
    const Ran ran = kvspec_command({"lockstep", "--operations", "10000", "--seed", seed, "--config", "events"});
    return ran.err.substr(ran.err.rfind(" operations/s"));
  };
  EXPECT_EQ(met("8"), met("8"));
  EXPECT_NE(met("8"), met("9"));
}

}  // namespace
}  // namespace kvspec::golden
