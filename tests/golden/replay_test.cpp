// The recorded traces replay without a difference on the model and on the host implementation, and a recording that
// says anything else is reported, whatever the field.
#include "model/oracle/replay.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/golden/command_line.hpp"

namespace kvspec::golden {
namespace {

using nlohmann::ordered_json;

class Replay : public testing::TestWithParam<std::string> {
 protected:
  Ran replay(const std::vector<std::string>& files) const {
    std::vector<std::string> arguments{"replay", "--on", GetParam()};
    arguments.insert(arguments.end(), files.begin(), files.end());
    return kvspec_command(arguments);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, Replay, testing::Values("model", "host"),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(Replay, TheRecordedTracesAgree) {
  const Ran ran = replay(golden_traces());
  EXPECT_EQ(ran.out, "53 traces, 16059 operations, 0 differences\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.exit_code, 0);
}

// At the end of these the recorded system fails an assertion. Covers: ALLOC-18, DEV-03
TEST_P(Replay, TheRaisingTracesEndInAnErrorThatChangesNothing) {
  for (const char* name : {"raising/full_mamba_align_spec_17", "raising/full_mamba_align_spec_2"}) {
    const std::string file = golden_file(name);
    const std::vector<std::string> lines = lines_of(read_file(file));
    const Ran ran = replay({file});
    EXPECT_EQ(ran.out, "1 traces, " + std::to_string(lines.size() - 2) + " operations, 0 differences\n") << ran.err;
    EXPECT_EQ(ran.exit_code, 0);

    // The command that failed, without the record of the failure, is an input that breaks the clause.
    const ordered_json failed = ordered_json::parse(lines[lines.size() - 2]);
    ASSERT_TRUE(failed.contains("err"));
    std::string content;
    for (std::size_t i = 0; i + 2 < lines.size(); ++i) content += lines[i] + "\n";
    content += ordered_json{{"in", failed["in"]}}.dump() + "\n";
    const std::filesystem::path copy = scratch() / "raising.jsonl";
    write_file(copy, content);
    const Ran alone = replay({copy.string()});
    EXPECT_NE(alone.err.find(":" + std::to_string(lines.size() - 1) + ": "), std::string::npos) << alone.err;
    EXPECT_NE(alone.err.find("[ALLOC-18]"), std::string::npos) << alone.err;
    EXPECT_EQ(alone.exit_code, 2);
  }
}

// A trace of the recorded system holds its defects, which the sound semantics correct. Covers: DEV-11, STAT-01
TEST_P(Replay, SemanticsAreAnOptionThenWhatTheTraceNamesThenRecorded) {
  const std::string file = golden_file("full_17");
  EXPECT_EQ(kvspec_command({"replay", "--on", GetParam(), "--semantics", "recorded", file}).exit_code, 0);
  const Ran sound = kvspec_command({"replay", "--on", GetParam(), "--semantics", "sound", file});
  EXPECT_EQ(sound.exit_code, 1);
  EXPECT_NE(sound.out.find(", 1 differences\n"), std::string::npos) << sound.out;

  std::string named = read_file(file);
  named.replace(named.find(R"({"config":{)"), 11, R"({"config":{"semantics":"sound",)");
  const std::filesystem::path copy = scratch() / "named.jsonl";
  write_file(copy, named);
  EXPECT_EQ(replay({copy.string()}).exit_code, 1);
  EXPECT_EQ(kvspec_command({"replay", "--on", GetParam(), "--semantics", "recorded", copy.string()}).exit_code, 0);
  EXPECT_EQ(kvspec_command({"replay", "--semantics", "other", file}).exit_code, 2);
}

// Where in an output a value stands, whatever the index or the key: "events/*/block_hashes/*".
std::string kind_of_place(const std::string& pointer, const ordered_json& out) {
  std::string kind;
  const ordered_json* value = &out;
  std::istringstream parts(pointer.substr(1));
  for (std::string part; std::getline(parts, part, '/');) {
    const bool by_number_or_key = value->is_array() || part.find_first_not_of("0123456789") == part.npos ||
                                  (part.size() > 1 && part[0] == 'r' && isdigit(static_cast<unsigned char>(part[1])));
    kind += "/" + (by_number_or_key || part.size() > 40 ? "*" : part);
    value = value->is_array() ? &(*value)[std::stoul(part)] : &(*value)[part];
  }
  return kind;
}

// Another value of the same type; null if there is none.
ordered_json spoiled(const ordered_json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_float()) return value.get<double>() + 0.125;
  if (value.is_number()) return value.get<std::int64_t>() + 1;
  if (!value.is_string()) return nullptr;
  std::string text = value.get<std::string>();
  if (text.starts_with("BlockStored") || text == "BlockRemoved" || text == "AllBlocksCleared" || text == "GPU") {
    return nullptr;
  }
  if (text.ends_with("_attention") || text == "mamba") return text == "mamba" ? "mla_attention" : "mamba";
  text.back() = text.back() == '1' ? '2' : '1';
  return text;
}

struct Spoiled {
  std::size_t line = 0;
  std::string op;
  std::string place;
  std::string content;
};

// One spoiled copy of a trace per operation and kind of place in its outputs.
std::vector<Spoiled> spoiled_copies(const std::string& trace) {
  const std::vector<std::string> lines = lines_of(trace);
  std::vector<Spoiled> copies;
  std::set<std::string> seen;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    ordered_json line = ordered_json::parse(lines[i]);
    const std::string op = line["in"]["op"];
    const ordered_json places = line["out"].flatten();
    for (const auto& [pointer, value] : places.items()) {
      const ordered_json wrong = spoiled(value);
      if (pointer.empty() || wrong.is_null()) continue;
      const std::string place = kind_of_place(pointer, line["out"]);
      if (!seen.insert(op + place).second) continue;
      ordered_json copy = line;
      copy["out"][ordered_json::json_pointer(pointer)] = wrong;
      std::vector<std::string> changed = lines;
      changed[i] = copy.dump();
      std::string content;
      for (const std::string& text : changed) content += text + "\n";
      copies.push_back({i + 1, op, place, content});
    }
  }
  return copies;
}

TEST_P(Replay, EveryFieldOfEveryOutputIsCompared) {
  const std::filesystem::path file = scratch() / "spoiled.jsonl";
  std::set<std::string> places;
  for (const char* name : {"full_17", "full_mm_21", "full_connector_8", "full_swa_mamba_align_10"}) {
    for (const Spoiled& copy : spoiled_copies(read_file(golden_file(name)))) {
      if (!places.insert(copy.op + copy.place).second) continue;
      write_file(file, copy.content);
      const Ran ran = replay({file.string()});
      const std::string where = file.string() + ":" + std::to_string(copy.line) + ": " + copy.op + " ";
      if (copy.place == "/null_block_ref_cnt_unmaintained") {
        EXPECT_EQ(ran.exit_code, 0) << where << ran.out << ran.err;  // informative, never compared
        continue;
      }
      EXPECT_EQ(ran.exit_code, 1) << where << copy.place << "\n" << ran.out << ran.err;
      EXPECT_TRUE(ran.out.starts_with(where)) << where << copy.place << "\n" << ran.out;
      const std::string member = copy.place.substr(1, copy.place.find('/', 1) - 1);
      EXPECT_NE(ran.out.find(" " + member), std::string::npos) << copy.place << "\n" << ran.out;
    }
  }
  EXPECT_GE(places.size(), 45U);
}

TEST_P(Replay, ADifferenceNamesPathExpectedActualAndClause) {
  std::vector<std::string> lines = lines_of(read_file(golden_file("full_17")));
  std::string content;
  std::size_t line = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t at = lines[i].find("\"num_free\":");
    if (line == 0 && lines[i].find("\"op\":\"allocate_slots\"") != std::string::npos && at != std::string::npos) {
      line = i + 1;
      lines[i].replace(at, lines[i].find_first_of(",}", at) - at, "\"num_free\":4711");
    }
    content += lines[i] + "\n";
  }
  const std::filesystem::path file = scratch() / "spoiled.jsonl";
  write_file(file, content);
  const Ran ran = replay({file.string()});
  const std::string start =
      file.string() + ":" + std::to_string(line) + ": allocate_slots num_free: expected 4711, actual ";
  EXPECT_TRUE(ran.out.starts_with(start)) << ran.out;
  EXPECT_NE(ran.out.find(" [ALLOC-12]\n1 traces, "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(", 1 differences\n"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.exit_code, 1);
}

// A trace may end with an operation that failed and the state that the failure left.
TEST_P(Replay, ARecordedErrorMustFailHereToo) {
  const std::string config = lines_of(read_file(golden_file("full_17")))[0] + "\n";
  const std::string add = R"({"in":{"op":"new_request","req":"r0","tokens":[1]}})"
                          "\n";
  const std::string wrong =
      R"({"in":{"op":"free","req":"r9","drop":true},"out":null,"err":{"type":"KeyError","msg":"r9"}})"
      "\n";
  const std::string right =
      R"({"in":{"op":"free","req":"r0","drop":true},"out":null,"err":{"type":"KeyError","msg":"r0"}})"
      "\n";
  const std::filesystem::path file = scratch() / "error.jsonl";

  write_file(file, config + add + wrong);
  Ran ran = replay({file.string()});
  EXPECT_EQ(ran.out, "1 traces, 2 operations, 0 differences\n") << ran.err;
  EXPECT_EQ(ran.exit_code, 0);

  write_file(file, config + add + right);
  ran = replay({file.string()});
  EXPECT_TRUE(ran.out.starts_with(file.string() + ":3: free err: expected KeyError: r0, actual ")) << ran.out;
  EXPECT_EQ(ran.exit_code, 1);

  const std::string lines =
      R"({"in":{"op":"free","req":"r0","drop":true},"out":null,"err":{"type":"a\nb","msg":"\u2028"}})"
      "\n";
  write_file(file, config + add + lines);
  ran = replay({file.string()});
  EXPECT_EQ(lines_of(ran.out).size(), 2U) << ran.out;

  const std::string state =
      R"({"after_error_state":{"free_queue":[1],"num_free":1,"usage":0.5,"ref_cnt":{},"hashes":{},)"
      R"("cached_map_size":0,"dups":{},"managers":[{"req_blocks":{},"num_cached_block":{}}]}})"
      "\n";
  write_file(file, config + add + wrong + state);  // where the real system stopped halfway; informative
  EXPECT_EQ(replay({file.string()}).exit_code, 0);
}

// An engine that is made for every configuration.
template <class E, class... Arguments>
oracle::NamedEngine named(std::string name, Arguments... arguments) {
  return {std::move(name), [=](const auto&) -> Result<std::unique_ptr<oracle::Engine>> {
            return std::unique_ptr<oracle::Engine>(std::make_unique<E>(arguments...));
          }};
}

// An engine that runs out of memory, as one does on a configuration that is too large for the machine.
class Exhausted final : public oracle::Engine {
 public:
  Result<Observation<Growing>> step(const Command<Growing>&) override { throw std::bad_alloc(); }
  View<Growing> view() const override { return {}; }
};

// Covers: TRACE-07
TEST(ReplayFile, RunningOutOfMemoryIsAProblemOfTheFile) {
  const oracle::NamedEngine exhausted = named<Exhausted>("exhausted");
  const oracle::Replayed replayed = oracle::replay_file(golden_file("full_17"), exhausted, exhausted);
  ASSERT_TRUE(replayed.problem);
  EXPECT_EQ(replayed.problem->line, 2U);
  EXPECT_EQ(replayed.problem->error.clause, Clause::trace_07);
}

// An engine that rejects every configuration, by a clause that is not the one.
TEST(ReplayFile, AnotherReasonForARejectionIsADifference) {
  const auto rejects_by = [](std::string name, Clause clause) {
    return oracle::NamedEngine{
        std::move(name), [=](const auto&) -> Result<std::unique_ptr<oracle::Engine>> { return Error{clause, 1}; }};
  };
  const std::string file = golden_file("full_17");
  const oracle::Replayed other =
      oracle::replay_file(file, rejects_by("engine", Clause::conf_02), rejects_by("model", Clause::conf_01));
  ASSERT_TRUE(other.difference);
  EXPECT_EQ(other.difference->clause, Clause::conf_01);
  const oracle::Replayed same =
      oracle::replay_file(file, rejects_by("engine", Clause::conf_01), rejects_by("model", Clause::conf_01));
  EXPECT_FALSE(same.difference);
  EXPECT_TRUE(same.problem);
}

// An engine that refuses every command by one clause.
class Refusing final : public oracle::Engine {
 public:
  explicit Refusing(Clause clause) : clause_(clause) {}
  Result<Observation<Growing>> step(const Command<Growing>&) override { return Error{clause_, 1}; }
  View<Growing> view() const override { return {}; }

 private:
  Clause clause_;
};

TEST(ReplayFile, AnotherReasonForARefusalIsADifference) {
  const std::string file = golden_file("full_17");
  const oracle::Replayed other =
      oracle::replay_file(file, named<Refusing>("engine", Clause::req_02), named<Refusing>("model", Clause::req_01));
  ASSERT_TRUE(other.difference);
  EXPECT_EQ(other.difference->line, 2U);
  EXPECT_EQ(other.difference->clause, Clause::req_01);
  const oracle::Replayed same =
      oracle::replay_file(file, named<Refusing>("engine", Clause::req_01), named<Refusing>("model", Clause::req_01));
  EXPECT_FALSE(same.difference);
  EXPECT_TRUE(same.problem);
}

// An engine that performs every command and answers nothing.
class Willing final : public oracle::Engine {
 public:
  Result<Observation<Growing>> step(const Command<Growing>&) override { return Observation<Growing>{}; }
  View<Growing> view() const override { return {}; }
};

// An engine that refuses every command and is another one afterwards.
class Changing final : public oracle::Engine {
 public:
  Result<Observation<Growing>> step(const Command<Growing>&) override {
    ++view_.state.num_free;
    return Error{Clause::req_02, 1};
  }
  View<Growing> view() const override { return view_; }

 private:
  View<Growing> view_{};
};

std::string trace_that_raises() {
  const std::filesystem::path file = scratch() / "raising.jsonl";
  write_file(file, lines_of(read_file(golden_file("full_17")))[0] + "\n" +
                       R"({"in":{"op":"free","req":"r0","drop":true},"out":null,)"
                       R"("err":{"type":"KeyError","msg":"r0"}})"
                       "\n");
  return file.string();
}

// Whatever the recording says of the command.
TEST(ReplayFile, ARefusalOfWhatTheModelPerformsIsADifference) {
  const oracle::NamedEngine refuses = named<Refusing>("engine", Clause::req_02);
  const oracle::NamedEngine performs = named<Willing>("model");
  const oracle::Replayed answered = oracle::replay_file(golden_file("full_17"), refuses, performs);
  ASSERT_TRUE(answered.difference);
  EXPECT_EQ(answered.difference->line, 2U);
  EXPECT_EQ(answered.difference->clause, Clause::req_02);
  const oracle::Replayed raised = oracle::replay_file(trace_that_raises(), refuses, performs);
  ASSERT_TRUE(raised.difference);
  EXPECT_EQ(raised.difference->difference.expected, "performed");
  EXPECT_EQ(raised.difference->clause, Clause::req_02);
}

TEST(ReplayFile, ARefusalThatChangesTheStateIsADifference) {
  const oracle::NamedEngine changes = named<Changing>("engine");
  const oracle::Replayed replayed = oracle::replay_file(trace_that_raises(), changes, changes);
  ASSERT_TRUE(replayed.difference);
  EXPECT_EQ(replayed.difference->difference.path, "num_free");
  EXPECT_EQ(replayed.difference->difference.expected, "0");
  EXPECT_EQ(replayed.difference->difference.actual, "1");
}

TEST_P(Replay, InputsAloneAreReplayedWithoutComparison) {
  std::string content;
  for (const std::string& line : lines_of(read_file(golden_file("full_17")))) {
    const std::size_t out = line.find(",\"out\":");
    content += (out == line.npos ? line : line.substr(0, out) + "}") + "\n";
  }
  const std::filesystem::path file = scratch() / "inputs.jsonl";
  write_file(file, content);
  const Ran ran = replay({file.string()});
  EXPECT_EQ(ran.out, "1 traces, 303 operations, 0 differences\n") << ran.err;
  EXPECT_EQ(ran.exit_code, 0);
}

}  // namespace
}  // namespace kvspec::golden
