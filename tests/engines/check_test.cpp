// `kvspec check` against engines that are honest, take liberties, or lie. An honest one gets no verdict; each lie gets
// one that names it, and none takes the checker down.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/golden/command_line.hpp"

namespace kvspec::engines {
namespace {

using golden::Ran;
using nlohmann::json;

struct Checked {
  Ran ran;
  json report;

  std::vector<std::string> clauses() const {
    std::vector<std::string> ids;
    for (const json& verdict : report["verdicts"]) ids.push_back(verdict["clause"]);
    return ids;
  }
};

Checked check(std::vector<std::string> options, const std::vector<std::string>& engine) {
  const std::string folder = golden::scratch().string();
  const std::string file = folder + "/report.json";
  std::vector<std::string> arguments{"check", "--trace-dir", folder, "--json", file, "--junit", folder + "/junit.xml"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back("--");
  arguments.insert(arguments.end(), engine.begin(), engine.end());
  std::filesystem::remove(file);
  Checked checked{golden::kvspec_command(arguments), {}};
  checked.report = json::parse(golden::read_file(file), nullptr, false);
  return checked;
}

std::vector<std::string> with_seed(std::vector<std::string> options) {
  options.insert(options.end(), {"--seed", "1", "--time-limit", "20"});
  return options;
}

std::vector<std::string> under(const char* mode) {
  return with_seed({"--operations", "6000", "--mode", mode, "--shrink-seconds", "3"});
}

// ---- Honest engines -------------------------------------------------------------------------------------------------

TEST(Check, OurOwnEnginesGetNoVerdict) {
  for (const char* engine : {"model", "host"}) {
    const Checked checked = check(with_seed({"--operations", "12000"}), {KVSPEC_COMMAND, "serve", "--on", engine});
    EXPECT_EQ(checked.ran.exit_code, 0) << checked.ran.out << checked.ran.err;
    EXPECT_GT(checked.report["operations"], 12000) << "the states are compared too";
  }
}

TEST(Check, RecordedTracesArePerformed) {
  const Checked checked =
      check({"--semantics", "recorded", "--traces", golden::golden_file("full_17"), golden::golden_file("mla_38")},
            {KVSPEC_COMMAND, "serve"});
  EXPECT_EQ(checked.ran.exit_code, 0) << checked.ran.out << checked.ran.err;
  EXPECT_GT(checked.report["operations"], 300);
}

TEST(Check, TheTemplateGetsNoVerdict) {
  const Checked checked = check(with_seed({"--operations", "4000", "--config", "nocache"}), {KVSPEC_TEMPLATE});
  EXPECT_EQ(checked.ran.exit_code, 0) << checked.ran.out << checked.ran.err;
  EXPECT_GT(checked.report["operations"], 100);
}

TEST(Check, TheTemplateInPythonGetsNoVerdict) {
  if (std::system("python3 --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
  const Checked checked = check(with_seed({"--operations", "6000", "--config", "full"}),
                                {"python3", KVSPEC_SOURCE_DIR "/fuzz/engines/template/engine.py"});
  EXPECT_EQ(checked.ran.exit_code, 0) << checked.ran.out << checked.ran.err;
  EXPECT_GT(checked.report["operations"], 100);
}

// The liar ends when it is asked for what it has not offered, and is honest here.
TEST(Check, NothingIsAskedThatWasNotOffered) {
  for (const char* lie : {"none", "few"}) {
    const Checked checked = check(with_seed({"--operations", "12000"}), {KVSPEC_LIAR, lie});
    EXPECT_EQ(checked.ran.exit_code, 0) << lie << checked.ran.out << checked.ran.err;
    EXPECT_GT(checked.report["operations"], 3000) << lie;
  }
}

// ---- Liberties ------------------------------------------------------------------------------------------------------

// Covers: MODE-01
TEST(Check, OtherIdsAreGrantedByTheirModeAlone) {
  EXPECT_EQ(check(under("exact"), {KVSPEC_LIAR, "ids"}).ran.exit_code, 1);
  const Checked granted = check(under("ids"), {KVSPEC_LIAR, "ids"});
  EXPECT_EQ(granted.ran.exit_code, 0) << granted.ran.out << granted.ran.err;
  EXPECT_GT(granted.report["operations"], 6000);
}

// Covers: MODE-02
TEST(Check, AnotherOrderIsGrantedByItsModeAlone) {
  EXPECT_EQ(check(under("ids"), {KVSPEC_LIAR, "order"}).ran.exit_code, 1);
  const Checked granted = check(under("order"), {KVSPEC_LIAR, "order"});
  EXPECT_EQ(granted.ran.exit_code, 0) << granted.ran.out << granted.ran.err;
  EXPECT_GT(granted.report["operations"], 6000);
}

// What a mode does not grant is found under it.
struct Granted {
  const char* mode;
  const char* lie;
  const char* config = "all";  // without caching nothing but the answer shows that a block is in two places
};

class LiesUnderAMode : public testing::TestWithParam<Granted> {};

TEST_P(LiesUnderAMode, AreFound) {
  const Checked checked = check(with_seed({"--operations", "1500", "--mode", GetParam().mode, "--config",
                                           GetParam().config, "--shrink-seconds", "0"}),
                                {KVSPEC_LIAR, GetParam().lie});
  EXPECT_EQ(checked.ran.exit_code, 1) << checked.ran.out << checked.ran.err;
}

INSTANTIATE_TEST_SUITE_P(
    All, LiesUnderAMode,
    testing::Values(Granted{"ids", "leak"}, Granted{"ids", "hash"}, Granted{"ids", "miss"}, Granted{"ids", "steal"},
                    Granted{"ids", "twice", "nocache"}, Granted{"order", "leak"}, Granted{"order", "hash"},
                    Granted{"order", "miss"}, Granted{"order", "steal"}, Granted{"order", "twice", "nocache"},
                    Granted{"no-events", "leak"}, Granted{"no-events", "hash"}, Granted{"no-events", "miss"},
                    Granted{"no-events", "steal"}, Granted{"no-events", "twice", "nocache"},
                    Granted{"eviction,no-hashes", "leak"}, Granted{"eviction,no-hashes", "miss"},
                    Granted{"eviction,no-hashes", "steal"}, Granted{"eviction,no-hashes", "twice", "nocache"}),
    [](const auto& info) {
      std::string name = std::string(info.param.mode) + "_" + info.param.lie;
      std::ranges::replace_if(name, [](char c) { return c == '-' || c == ','; }, '_');
      return name;
    });

// Covers: MODE-03
TEST(Check, MissingEventsAreGrantedByTheirModeAlone) {
  EXPECT_EQ(check(under("exact"), {KVSPEC_LIAR, "no_removal"}).ran.exit_code, 1);
  const Checked granted = check(under("no-events"), {KVSPEC_LIAR, "no_removal"});
  EXPECT_EQ(granted.ran.exit_code, 0) << granted.ran.out << granted.ran.err;
}

// Covers: MODE-04
TEST(Check, MissingHashesAreGrantedByTheirModeAlone) {
  EXPECT_EQ(check(under("no-events"), {KVSPEC_LIAR, "hashless"}).ran.exit_code, 1);
  const Checked granted = check(under("no-hashes"), {KVSPEC_LIAR, "hashless"});
  EXPECT_EQ(granted.ran.exit_code, 0) << granted.ran.out << granted.ran.err;
  EXPECT_GT(granted.report["operations"], 3000);
}

// An engine that caches otherwise than the model once it had a choice is compared until then.
// Covers: MODE-05
TEST(Check, AnotherEvictionIsGrantedByItsModeAlone) {
  EXPECT_EQ(check(under("order"), {KVSPEC_LIAR, "policy"}).ran.exit_code, 1);
  const Checked granted = check(under("eviction,no-hashes"), {KVSPEC_LIAR, "policy"});
  EXPECT_EQ(granted.ran.exit_code, 0) << granted.ran.out << granted.ran.err;
  EXPECT_GT(granted.report["operations"], 1000);
}

// ---- Lies -----------------------------------------------------------------------------------------------------------

struct Lie {
  const char* lie;
  const char* clause;  // its beginning
  const char* severity;
  const char* time_limit;             // seconds
  const char* shrink_seconds = "12";  // what waits in vain uses all of them
};

class Lies : public testing::TestWithParam<Lie> {};

// Covers: ENGINE-02, ENGINE-03, ENGINE-04, ENGINE-05, ENGINE-06, ENGINE-07
TEST_P(Lies, GetTheirVerdict) {
  const Lie& told = GetParam();
  const Checked checked = check(
      {"--seed", "1", "--operations", "1500", "--time-limit", told.time_limit, "--shrink-seconds", told.shrink_seconds},
      {KVSPEC_LIAR, told.lie});
  ASSERT_EQ(checked.ran.exit_code, 1) << checked.ran.out << checked.ran.err;
  const json& verdicts = checked.report["verdicts"];
  ASSERT_FALSE(verdicts.empty());
  for (const json& verdict : verdicts) {
    EXPECT_TRUE(std::string(verdict["clause"]).starts_with(told.clause)) << verdict;
    EXPECT_EQ(verdict["severity"], told.severity) << verdict;
    EXPECT_LE(verdict["commands"].size(), 12U) << verdict;
    EXPECT_FALSE(std::string(verdict["actual"]).empty());
    EXPECT_TRUE(std::string(verdict["repeat"]).starts_with("kvspec check ")) << verdict;
  }
  const std::string junit = golden::read_file(golden::scratch() / "junit.xml");
  EXPECT_NE(junit.find("<failure type=\"" + std::string(told.severity)), std::string::npos) << junit;
}

INSTANTIATE_TEST_SUITE_P(
    All, Lies,
    testing::Values(Lie{"swap", "POOL-03", "order", "20"}, Lie{"no_removal", "EVENT-04", "event", "20"},
                    Lie{"no_clear", "EVENT-05", "event", "20"}, Lie{"leak", "FREE", "leak", "20"},
                    Lie{"hang", "ENGINE-05", "wedge", "3", "3"}, Lie{"crash", "ENGINE-06", "wedge", "20"},
                    Lie{"json", "ENGINE-02", "protocol", "20"}, Lie{"half", "ENGINE-03", "protocol", "20"},
                    Lie{"late", "ENGINE-04", "protocol", "3", "3"}, Lie{"hash", "HASH", "wrong data", "20"},
                    Lie{"claim", "ENGINE-07", "protocol", "20"}, Lie{"config", "ENGINE-07", "wedge", "20"},
                    Lie{"miss", "LOOK", "lost hit", "20"}, Lie{"steal", "POOL-03", "wrong data", "20"},
                    Lie{"twice", "POOL-03", "wrong data", "20"}, Lie{"raise", "LOOK-03", "wedge", "20"}),
    [](const auto& info) { return info.param.lie; });

// Covers: ENGINE-03
TEST(Check, ALineWithoutEndIsSaidToBeOne) {
  const Checked checked =
      check(with_seed({"--operations", "1", "--config", "full", "--shrink-seconds", "0"}), {KVSPEC_LIAR, "endless"});
  EXPECT_EQ(checked.clauses(), std::vector<std::string>{"ENGINE-03"}) << checked.ran.out << checked.ran.err;
  EXPECT_NE(checked.ran.out.find("a line does not end within 64 MiB"), std::string::npos) << checked.ran.out;
}

// What happens once is said to have happened, and that it does not come back.
TEST(Check, AMoodyEngineIsSaidToBeMoody) {
  const Checked checked = check(with_seed({"--operations", "1000"}), {KVSPEC_LIAR, "moody"});
  EXPECT_EQ(checked.ran.exit_code, 1);
  ASSERT_EQ(checked.report["verdicts"].size(), 1U);
  EXPECT_TRUE(std::string(checked.report["verdicts"][0]["path"]).starts_with("block_hashes["))
      << "what was seen is said";
  EXPECT_NE(checked.ran.out.find("the engine is not deterministic"), std::string::npos) << checked.ran.out;
  EXPECT_EQ(checked.report["verdicts"][0]["comes_back"], false);
  EXPECT_TRUE(std::string(checked.report["verdicts"][0]["config"]).starts_with("config(groups="));
}

// Of an engine that is gone it is not known whether the difference would come back, and what was seen is shown with the
// commands that showed it.
TEST(Check, AnEngineThatIsGoneIsNotSaidToBeMoody) {
  const std::string started = (golden::scratch() / "started").string();
  const std::string once = (golden::scratch() / "once.sh").string();
  std::filesystem::remove(started);
  golden::write_file(once, "test -e " + started + " && exit 1\ntouch " + started + "\nexec " KVSPEC_LIAR " leave\n");
  const Checked checked = check(with_seed({"--operations", "1000", "--config", "full"}), {"sh", once});
  EXPECT_EQ(checked.ran.exit_code, 1) << checked.ran.out << checked.ran.err;
  EXPECT_EQ(checked.ran.out.find("not deterministic"), std::string::npos) << checked.ran.out;
  const std::vector<std::string> clauses = checked.clauses();
  ASSERT_EQ(clauses.size(), 2U) << checked.ran.out;
  EXPECT_EQ(clauses[0], "ENGINE-06") << "it cannot be started again";
  EXPECT_TRUE(clauses[1].starts_with("FREE")) << clauses[1];
  const json& commands = checked.report["verdicts"][1]["commands"];
  const auto frees = [](const json& command) { return std::string(command).starts_with("free("); };
  EXPECT_TRUE(std::any_of(commands.begin(), commands.end(), frees)) << commands;
}

// A verdict's command leads to it again, also where it needs a command that is refused.
TEST(Check, AVerdictRepeats) {
  for (const char* lie : {"leak", "grudge"}) {
    const Checked first = check(with_seed({"--operations", "1000"}), {KVSPEC_LIAR, lie});
    ASSERT_FALSE(first.report["verdicts"].empty()) << lie;
    const std::string trace = first.report["verdicts"][0]["trace"];
    const Checked again = check({"--traces", trace}, {KVSPEC_LIAR, lie});
    EXPECT_EQ(again.ran.exit_code, 1) << lie;
    ASSERT_FALSE(again.clauses().empty()) << lie;
    EXPECT_EQ(again.clauses().at(0), first.clauses().at(0)) << lie;
    EXPECT_EQ(check({"--traces", trace}, {KVSPEC_COMMAND, "serve"}).ran.exit_code, 0) << lie;
  }
}

// Of two lies that look alike before they are shrunk neither hides the other.
TEST(Check, TwoLiesGetTwoVerdicts) {
  const Checked checked = check(with_seed({"--operations", "6000"}), {KVSPEC_LIAR, "two"});
  const std::vector<std::string> clauses = checked.clauses();
  for (const char* clause : {"ALLOC-12", "FREE-07"}) {
    EXPECT_EQ(std::ranges::count(clauses, clause), 1) << clause << "\n" << checked.ran.out;
  }
}

// Without time to shrink it, a difference is shown as it was found.
TEST(Check, ADifferenceIsNamedWithoutTimeToShrinkIt) {
  const Checked checked = check(with_seed({"--operations", "1000", "--shrink-seconds", "0"}), {KVSPEC_LIAR, "leak"});
  ASSERT_EQ(checked.ran.exit_code, 1);
  for (const json& verdict : checked.report["verdicts"]) {
    EXPECT_TRUE(std::string(verdict["clause"]).starts_with("FREE")) << verdict;
    EXPECT_NE(verdict["expected"], "") << verdict;
  }
}

// ---- Defects of the recorded system ---------------------------------------------------------------------------------

// Under the sound semantics they are found in an engine that has them, each once and by name, and the search goes on
// behind them.
TEST(Check, DeviationsAreFoundUnaided) {
  const Checked checked = check(with_seed({"--operations", "6000", "--config", "full", "--shrink-seconds", "60"}),
                                {KVSPEC_COMMAND, "serve", "--semantics", "recorded"});
  ASSERT_EQ(checked.ran.exit_code, 1) << checked.ran.err;
  std::vector<std::string> deviations;
  for (const json& verdict : checked.report["verdicts"]) {
    ASSERT_TRUE(verdict["known_as"].is_string()) << verdict;
    deviations.push_back(verdict["known_as"]);
    EXPECT_LE(verdict["commands"].size(), 12U) << verdict;
  }
  EXPECT_GE(deviations.size(), 5U);
  std::ranges::sort(deviations);
  EXPECT_EQ(std::ranges::adjacent_find(deviations), deviations.end()) << "each once";
  for (const char* deviation : {"DEV-05", "DEV-10", "DEV-11"}) {
    EXPECT_TRUE(std::ranges::binary_search(deviations, deviation)) << deviation;
  }
}

// A defect that shows in some configurations only is not taken for the whole of it: what the engine does elsewhere is
// no difference.
TEST(Check, APartOfADeviationIsSaidToBeAPart) {
  const Checked checked =
      check(with_seed({"--operations", "8000", "--config", "full", "--shrink-seconds", "60"}), {KVSPEC_LIAR, "part"});
  ASSERT_EQ(checked.ran.exit_code, 1) << checked.ran.err;
  const auto is_part = [](const json& verdict) {
    return verdict["known_as"] == "DEV-05" && verdict["in_part"] == true;
  };
  const json& verdicts = checked.report["verdicts"];
  EXPECT_TRUE(std::any_of(verdicts.begin(), verdicts.end(), is_part)) << checked.ran.out;
  for (const json& verdict : verdicts) {
    const std::string clause = verdict["clause"];
    EXPECT_TRUE(clause.starts_with("HASH") || clause.starts_with("EVENT") || clause.starts_with("ALLOC-13")) << verdict;
  }
}

// ---- What cannot be checked -----------------------------------------------------------------------------------------

// Covers: ENGINE-01
TEST(Check, AnEngineThatDoesNotIntroduceItselfGetsAVerdict) {
  const Checked checked = check({"--start-limit", "20"}, {"cat"});  // gives back what it is asked
  EXPECT_EQ(checked.ran.exit_code, 1);
  EXPECT_EQ(checked.clauses(), std::vector<std::string>{"ENGINE-01"}) << checked.ran.out;
}

TEST(Check, AnEngineThatCannotBeStartedGetsAVerdict) {
  for (const char* command : {"no-such-command-anywhere", "/dev/null", "false"}) {
    const Checked checked = check({"--start-limit", "20"}, {command});
    EXPECT_EQ(checked.ran.exit_code, 1) << command << checked.ran.out << checked.ran.err;
    EXPECT_EQ(checked.clauses(), std::vector<std::string>{"ENGINE-06"}) << command;
  }
}

TEST(Check, ThatNothingWasComparedIsNoSuccess) {
  const Checked checked = check({"--operations", "500", "--config", "full_mamba_all"}, {KVSPEC_LIAR, "honest"});
  EXPECT_EQ(checked.ran.exit_code, 2);
  EXPECT_NE(checked.ran.err.find("nothing was compared"), std::string::npos) << checked.ran.err;
}

// A session comes to its end where an engine takes the first configurations alone.
TEST(Check, AnEngineThatTakesNoMoreEndsTheSession) {
  const Checked checked = check(with_seed({"--operations", "1000000", "--config", "full"}), {KVSPEC_LIAR, "fickle"});
  EXPECT_EQ(checked.ran.exit_code, 0) << checked.ran.out << checked.ran.err;
  EXPECT_GT(checked.report["operations"], 500);
  EXPECT_NE(checked.ran.out.find("no operation was performed in"), std::string::npos) << checked.ran.out;
}

TEST(Check, ThatLittleWasComparedIsNoSuccess) {
  const std::vector<std::string> little = with_seed({"--operations", "500", "--config", "full"});
  for (const auto& [least, exit_code] : {std::pair("100", 0), std::pair("100000", 2)}) {
    std::vector<std::string> options = little;
    options.insert(options.end(), {"--least", least});
    const Checked checked = check(options, {KVSPEC_LIAR, "honest"});
    EXPECT_EQ(checked.ran.exit_code, exit_code) << checked.ran.out << checked.ran.err;
    const bool is_said = checked.ran.err.find("at least 100000 were asked for") != std::string::npos;
    EXPECT_EQ(is_said, exit_code == 2) << checked.ran.err;
    const std::string junit = golden::read_file(golden::scratch() / "junit.xml");
    EXPECT_EQ(junit.find("<failure") != std::string::npos, exit_code == 2) << junit;
  }
}

// How much of the traffic an engine was spared.
TEST(Check, ReportsSayWhatWasNotCompared) {
  const Checked left_out = check(with_seed({"--operations", "3000"}), {KVSPEC_LIAR, "honest"});
  EXPECT_GT(left_out.report["left_out"], 0);
  EXPECT_EQ(left_out.report["refused"], 0);
  EXPECT_EQ(left_out.report["starts"], 1);
  const Checked refused = check(with_seed({"--operations", "3000", "--config", "full"}), {KVSPEC_LIAR, "fickle"});
  EXPECT_GT(refused.report["refused"], 0);
  const std::string junit = golden::read_file(golden::scratch() / "junit.xml");
  const std::string number = std::to_string(refused.report["refused"].get<int>());
  EXPECT_NE(junit.find("name=\"configurations refused\" value=\"" + number + "\""), std::string::npos) << junit;
  EXPECT_NE(junit.find("name=\"runs left out\" value=\"0\""), std::string::npos) << junit;
}

TEST(Check, WrongOptionsAreSaid) {
  EXPECT_EQ(golden::kvspec_command({"check", "--mode", "anything", "--", "cat"}).exit_code, 2);
  EXPECT_EQ(golden::kvspec_command({"check"}).exit_code, 2);
  EXPECT_EQ(golden::kvspec_command({"check", "--traces", "/no/such/file", "--", "cat"}).exit_code, 2);
}

}  // namespace
}  // namespace kvspec::engines
