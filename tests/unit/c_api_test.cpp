// The C library from its callers' side: every status, both engines, wrong input of every sort, and nothing thrown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/oracle/c_api/system.hpp"
#include "spec/clauses.hpp"
#include "spec/kvspec.h"
#include "spec/version.hpp"

namespace kvspec {
namespace {

using testing::HasSubstr;

constexpr const char* small_config =
    R"({"groups":[{"kind":"full","block_size":4}],"num_blocks":5,"hash_block_size":4,"scheduler_block_size":4,)"
    R"("max_model_len":64,"dcp_world_size":1,"pcp_world_size":1,"use_eagle":false,"enable_caching":true,)"
    R"("events":false,"events_int_hashes":true,"hash_fn":"sha256"})";
constexpr const char* add_r0 = R"({"op":"new_request","req":"r0","tokens":[1,2,3,4,5]})";
constexpr const char* free_r9 = R"({"op":"free","req":"r9","drop":true})";

std::string golden(const std::string& name) { return KVSPEC_SOURCE_DIR "/tests/golden/" + name + ".jsonl"; }

// Takes a text and frees it.
std::string taken(char* text) {
  std::string copy = text == nullptr ? "NULL" : text;
  kvspec_free_text(text);
  return copy;
}

struct Destroy {
  void operator()(kvspec_system* system) const { kvspec_system_destroy(system); }
  void operator()(kvspec_trace* trace) const { kvspec_trace_close(trace); }
  void operator()(kvspec_traffic* traffic) const { kvspec_traffic_destroy(traffic); }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Destroy>;

Owned<kvspec_system> make(const char* engine, const char* config = small_config) {
  kvspec_system* system = nullptr;
  kvspec_error error;
  EXPECT_EQ(kvspec_system_create(engine, config, &system, &error), KVSPEC_OK) << error.message;
  return Owned<kvspec_system>(system);
}

Owned<kvspec_trace> open_text(std::string_view text) {
  kvspec_trace* trace = nullptr;
  kvspec_error error;
  EXPECT_EQ(kvspec_trace_open_text(text.data(), text.size(), &trace, &error), KVSPEC_OK) << error.message;
  return Owned<kvspec_trace>(trace);
}

class Engines : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(CApi, Engines, testing::Values("model", "host"), [](const auto& i) { return i.param; });

TEST(CApi, SaysWhatItIs) {
  EXPECT_EQ(kvspec_abi_version(), KVSPEC_ABI_VERSION);
  EXPECT_STREQ(kvspec_version(), version_string);
  EXPECT_STREQ(kvspec_engine_name(0), "model");
  EXPECT_STREQ(kvspec_engine_name(1), "host");
  EXPECT_EQ(kvspec_engine_name(2), nullptr);
  EXPECT_STREQ(kvspec_preset_name(0), "full");
  std::size_t presets = 0;
  while (kvspec_preset_name(presets) != nullptr) ++presets;
  EXPECT_GT(presets, 10U);
}

TEST(CApi, EveryStatusHasItsName) {
  std::set<std::string> names;
  for (int status = KVSPEC_OK; status <= KVSPEC_UNUSABLE; ++status) {
    names.insert(kvspec_status_name(static_cast<kvspec_status>(status)));
  }
  EXPECT_EQ(names.size(), 11U);
  EXPECT_EQ(names.count("?"), 0U);
}

TEST(CApi, ClausesAreThoseOfTheRegistry) {
  kvspec_clause clause;
  ASSERT_EQ(kvspec_num_clauses(), clause_registry.size());
  for (std::size_t i = 0; i < clause_registry.size(); ++i) {
    ASSERT_EQ(kvspec_clause_at(i, &clause), KVSPEC_OK);
    EXPECT_EQ(clause.id, clause_registry[i].id);
    EXPECT_EQ(clause.sentence, clause_registry[i].sentence);
    EXPECT_EQ(clause.origin, clause_registry[i].origin);
    ASSERT_EQ(kvspec_find_clause(clause.id, &clause), KVSPEC_OK);
    EXPECT_EQ(clause.sentence, clause_registry[i].sentence);
  }
  EXPECT_EQ(kvspec_clause_at(clause_registry.size(), &clause), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(clause.id, nullptr);
  EXPECT_EQ(kvspec_find_clause("no such id", &clause), KVSPEC_UNKNOWN_NAME);
  EXPECT_EQ(kvspec_find_clause(nullptr, &clause), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_find_clause("I1", nullptr), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_clause_at(0, nullptr), KVSPEC_INVALID_ARGUMENT);
}

TEST_P(Engines, StepsViewsAndChecks) {
  const auto system = make(GetParam());
  kvspec_error error;
  char* out = nullptr;
  ASSERT_EQ(kvspec_system_step(system.get(), add_r0, &out, &error), KVSPEC_OK) << error.message;
  EXPECT_EQ(error.status, KVSPEC_OK);
  EXPECT_EQ(error.clause, nullptr);
  EXPECT_STREQ(error.message, "");
  EXPECT_THAT(taken(out), HasSubstr(R"("num_tokens":5)"));
  EXPECT_EQ(kvspec_system_step(system.get(), R"({"op":"new_step_starts"})", nullptr, nullptr), KVSPEC_OK);
  EXPECT_EQ(kvspec_system_check(system.get(), &error), KVSPEC_OK) << error.message;
  char* view = nullptr;
  ASSERT_EQ(kvspec_system_view(system.get(), &view, &error), KVSPEC_OK);
  EXPECT_THAT(taken(view), HasSubstr(R"("free_queue":[1,2,3,4])"));
}

TEST_P(Engines, ARejectedCommandNamesItsClauseAndChangesNothing) {
  const auto system = make(GetParam());
  kvspec_error error;
  char* text = nullptr;
  kvspec_system_view(system.get(), &text, nullptr);
  const std::string before = taken(text);
  char dummy = 'x';
  text = &dummy;
  EXPECT_EQ(kvspec_system_step(system.get(), free_r9, &text, &error), KVSPEC_REJECTED);
  EXPECT_EQ(text, nullptr);
  EXPECT_STREQ(error.clause, "REQ-02");
  EXPECT_EQ(error.sentence, describe(Clause::req_02).sentence);
  EXPECT_THAT(error.message, testing::StartsWith("REQ-02 (offending: 0): "));
  EXPECT_EQ(kvspec_system_step(system.get(), R"({"op":"pool_get_new_blocks","num_blocks":9})", nullptr, &error),
            KVSPEC_REJECTED);
  EXPECT_STREQ(error.clause, "POOL-04");
  EXPECT_EQ(error.offending, 9);
  kvspec_system_view(system.get(), &text, nullptr);
  EXPECT_EQ(taken(text), before);
}

// A whole trace through the border: what comes out is what was recorded.
TEST_P(Engines, AGoldenTraceIsStepped) {
  kvspec_error error;
  kvspec_trace* opened = nullptr;
  ASSERT_EQ(kvspec_trace_open_file(golden("full_17").c_str(), &opened, &error), KVSPEC_OK) << error.message;
  const Owned<kvspec_trace> trace(opened);
  char* config = nullptr;
  ASSERT_EQ(kvspec_trace_config(trace.get(), &config, &error), KVSPEC_OK);
  const std::string text = taken(config);
  EXPECT_THAT(text, HasSubstr(R"("semantics":"recorded")"));
  const auto system = make(GetParam(), text.c_str());
  std::size_t steps = 0;
  kvspec_trace_step step;
  kvspec_status status = KVSPEC_OK;
  while ((status = kvspec_trace_next(trace.get(), &step, &error)) == KVSPEC_OK) {
    ++steps;
    EXPECT_EQ(step.line, steps + 1);
    EXPECT_EQ(step.err, nullptr);
    char* out = nullptr;
    ASSERT_EQ(kvspec_system_step(system.get(), step.in, &out, &error), KVSPEC_OK) << step.line << error.message;
    EXPECT_EQ(kvspec_compare(step.in, step.out, out, &error), KVSPEC_OK) << step.line << ": " << error.message;
    EXPECT_EQ(kvspec_system_check(system.get(), &error), KVSPEC_OK) << error.message;
    for (char* owned : {step.in, step.out, step.err, out}) kvspec_free_text(owned);
  }
  EXPECT_EQ(status, KVSPEC_END);
  EXPECT_EQ(steps, 303U);
  EXPECT_EQ(kvspec_trace_next(trace.get(), &step, &error), KVSPEC_END);
  EXPECT_EQ(step.in, nullptr);
}

TEST(CApi, WrongInputHasAStatus) {
  kvspec_error error;
  kvspec_system* system = nullptr;
  EXPECT_EQ(kvspec_system_create(nullptr, small_config, &system, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_create("model", nullptr, &system, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_create("model", small_config, nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_create("moodel", small_config, &system, &error), KVSPEC_UNKNOWN_NAME);
  EXPECT_STREQ(error.message, "no engine is called \"moodel\"");
  EXPECT_EQ(kvspec_system_create("model", "{", &system, &error), KVSPEC_BAD_TEXT);
  EXPECT_STREQ(error.clause, "TRACE-01");
  std::string config = small_config;
  config.replace(config.find("\"num_blocks\":5"), 14, "\"num_blocks\":0");
  EXPECT_EQ(kvspec_system_create("host", config.c_str(), &system, &error), KVSPEC_REJECTED);
  EXPECT_STREQ(error.clause, "CONF-01");
  EXPECT_EQ(system, nullptr);

  const auto model = make("model");
  char* text = nullptr;
  EXPECT_EQ(kvspec_system_step(nullptr, add_r0, &text, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_step(model.get(), nullptr, &text, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_view(model.get(), nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_view(nullptr, &text, nullptr), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_system_check(nullptr, nullptr), KVSPEC_INVALID_ARGUMENT);
  for (const auto& [in, clause] : std::vector<std::pair<std::string, std::string>>{
           {"", "TRACE-01"},
           {"\xff", "TRACE-01"},
           {std::string(100000, '['), "TRACE-01"},
           {"[]", "TRACE-04"},
           {R"({"op":"fly"})", "TRACE-03"},
           {R"({"op":"free","req":"r0"})", "TRACE-04"},
           {R"({"op":"pool_get_new_blocks","num_blocks":-1})", "TRACE-05"}}) {
    EXPECT_EQ(kvspec_system_step(model.get(), in.c_str(), &text, &error), KVSPEC_BAD_TEXT) << in.substr(0, 60);
    EXPECT_EQ(std::string(error.clause), clause) << in.substr(0, 60) << error.message;
    EXPECT_EQ(kvspec_system_step(model.get(), in.c_str(), nullptr, nullptr), KVSPEC_BAD_TEXT);
  }
  kvspec_system_destroy(nullptr);
  kvspec_trace_close(nullptr);
  kvspec_traffic_destroy(nullptr);
  kvspec_free_text(nullptr);
}

// However long a name is, the message fits and stays text.
TEST(CApi, MessagesAreCut) {
  kvspec_error error;
  kvspec_trace* trace = nullptr;
  std::string path(5000, 'p');
  for (int i = 0; i < 300; ++i) path += "\xE2\x82\xAC";
  EXPECT_EQ(kvspec_trace_open_file(path.c_str(), &trace, &error), KVSPEC_BAD_TEXT);
  EXPECT_LT(std::string_view(error.message).size(), std::size_t{KVSPEC_MESSAGE_BYTES});
  EXPECT_STREQ(error.clause, "TRACE-07");
}

// Covers: TRACE-06, TRACE-07
TEST(CApi, TracesFromMemoryAndTheirErrors) {
  kvspec_error error;
  kvspec_trace* none = nullptr;
  kvspec_trace_step step;
  EXPECT_EQ(kvspec_trace_open_file(nullptr, &none, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_trace_open_file("x", nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_trace_open_text(nullptr, 1, &none, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_trace_open_text("", 0, nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_trace_open_text(nullptr, 0, &none, &error), KVSPEC_BAD_TEXT);
  EXPECT_STREQ(error.clause, "TRACE-07");
  EXPECT_EQ(kvspec_trace_open_file(KVSPEC_SOURCE_DIR, &none, &error), KVSPEC_BAD_TEXT);
  EXPECT_EQ(kvspec_trace_next(nullptr, &step, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_trace_config(nullptr, nullptr, &error), KVSPEC_INVALID_ARGUMENT);

  const std::string first = "{\"config\":" + std::string(small_config) + "}\n";
  const std::string failed =
      R"({"in":{"op":"free","req":"a","drop":true},"out":null,"err":{"type":"E","msg":"\"a\""}})";
  const auto trace = open_text(first + "{\"in\":" + add_r0 + "}\n" + failed + "\n" + failed);
  EXPECT_EQ(kvspec_trace_next(trace.get(), nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  ASSERT_EQ(kvspec_trace_next(trace.get(), &step, &error), KVSPEC_OK);
  EXPECT_EQ(taken(step.in), add_r0);
  EXPECT_EQ(taken(step.out), "NULL");
  ASSERT_EQ(kvspec_trace_next(trace.get(), &step, &error), KVSPEC_OK);
  EXPECT_EQ(taken(step.err), R"({"type":"E","msg":"\"a\""})");
  EXPECT_EQ(taken(step.out), "NULL");
  kvspec_free_text(step.in);
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(kvspec_trace_next(trace.get(), &step, &error), KVSPEC_BAD_TEXT);
    EXPECT_STREQ(error.clause, "TRACE-06");
    EXPECT_EQ(error.line, 4U);
    EXPECT_EQ(step.in, nullptr);
  }
}

TEST(CApi, ObservationsAreCompared) {
  kvspec_error error;
  const char* in = R"({"op":"free","req":"r0","drop":true})";
  EXPECT_EQ(kvspec_compare(in, R"({"num_free":4})", R"({ "num_free" : 4 })", &error), KVSPEC_OK);
  EXPECT_EQ(kvspec_compare(in, R"({"num_free":4})", R"({"num_free":3})", &error), KVSPEC_DIFFERENT);
  EXPECT_THAT(error.message, testing::StartsWith("num_free: expected 4, actual 3 ["));
  EXPECT_NE(error.clause, nullptr);
  EXPECT_EQ(kvspec_compare(in, R"({"num_free":4})", "{}", &error), KVSPEC_BAD_TEXT);
  EXPECT_THAT(error.message, testing::StartsWith("actual: "));
  EXPECT_EQ(kvspec_compare(in, "{}", "{}", &error), KVSPEC_BAD_TEXT);
  EXPECT_THAT(error.message, testing::StartsWith("expected: "));
  EXPECT_EQ(kvspec_compare("{}", "{}", "{}", &error), KVSPEC_BAD_TEXT);
  EXPECT_EQ(kvspec_compare(nullptr, "{}", "{}", &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_compare(in, nullptr, "{}", &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_compare(in, "{}", nullptr, &error), KVSPEC_INVALID_ARGUMENT);
}

// Commands of the traffic to both engines, as somebody would drive a manager of their own.
TEST(CApi, TrafficDrivesBothEnginesAlike) {
  kvspec_error error;
  std::size_t rejected = 0;
  for (std::size_t p = 0; kvspec_preset_name(p) != nullptr; ++p) {
    const std::string_view preset = kvspec_preset_name(p);
    if (preset == "invalid") continue;
    kvspec_traffic* made = nullptr;
    ASSERT_EQ(kvspec_traffic_create(preset.data(), 7, &made, &error), KVSPEC_OK) << preset << error.message;
    const Owned<kvspec_traffic> traffic(made);
    char* text = nullptr;
    ASSERT_EQ(kvspec_traffic_config(traffic.get(), &text, &error), KVSPEC_OK);
    const std::string config = taken(text);
    const auto model = make("model", config.c_str());
    const auto host = make("host", config.c_str());
    for (int i = 0; i < 100; ++i) {
      char* in = nullptr;
      char* out = nullptr;
      char* other = nullptr;
      ASSERT_EQ(kvspec_traffic_next(traffic.get(), &in, &error), KVSPEC_OK) << error.message;
      kvspec_error refusal;
      const kvspec_status status = kvspec_system_step(model.get(), in, &out, &refusal);
      EXPECT_EQ(kvspec_system_step(host.get(), in, &other, &error), status) << in;
      if (status == KVSPEC_OK) {
        EXPECT_STREQ(out, other) << in;
        ASSERT_EQ(kvspec_traffic_observe(traffic.get(), out, &error), KVSPEC_OK) << in << error.message;
      } else {
        ++rejected;
        EXPECT_STREQ(refusal.clause, error.clause) << in;
        ASSERT_EQ(kvspec_traffic_observe_rejection(traffic.get(), refusal.clause, refusal.offending, &error),
                  KVSPEC_OK);
      }
      for (char* owned : {in, out, other}) kvspec_free_text(owned);
    }
  }
  EXPECT_GT(rejected, 0U);
}

TEST(CApi, TrafficTakesNoNonsense) {
  kvspec_error error;
  kvspec_traffic* made = nullptr;
  EXPECT_EQ(kvspec_traffic_create(nullptr, 1, &made, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_traffic_create("full", 1, nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_traffic_create("ful", 1, &made, &error), KVSPEC_UNKNOWN_NAME);
  EXPECT_EQ(kvspec_traffic_config(nullptr, nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_traffic_next(nullptr, nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  EXPECT_EQ(kvspec_traffic_observe(nullptr, "{}", &error), KVSPEC_INVALID_ARGUMENT);
  ASSERT_EQ(kvspec_traffic_create("full", 1, &made, &error), KVSPEC_OK);
  const Owned<kvspec_traffic> traffic(made);
  EXPECT_EQ(kvspec_traffic_observe(traffic.get(), "{}", &error), KVSPEC_INVALID_ARGUMENT);  // nothing was asked
  EXPECT_EQ(kvspec_traffic_next(traffic.get(), nullptr, &error), KVSPEC_INVALID_ARGUMENT);
  // Whatever the manager answers, the scheduler goes on: here each answer is a rejection or has too many groups.
  for (int i = 0; i < 300; ++i) {
    char* text = nullptr;
    ASSERT_EQ(kvspec_traffic_next(traffic.get(), &text, &error), KVSPEC_OK);
    const std::string in = taken(text);
    EXPECT_EQ(kvspec_traffic_next(traffic.get(), &text, &error), KVSPEC_INVALID_ARGUMENT);
    EXPECT_EQ(kvspec_traffic_observe(traffic.get(), nullptr, &error), KVSPEC_INVALID_ARGUMENT);
    EXPECT_EQ(kvspec_traffic_observe(traffic.get(), "[", &error), KVSPEC_BAD_TEXT);
    if (in.find("get_computed_blocks") != in.npos) {
      EXPECT_EQ(kvspec_traffic_observe(traffic.get(), R"({"blocks":[[],[]],"num_computed_tokens":0})", &error),
                KVSPEC_INVALID_ARGUMENT);
      EXPECT_THAT(error.message, HasSubstr("2 lists of blocks for 1 groups"));
      EXPECT_EQ(kvspec_traffic_observe(traffic.get(), R"({"blocks":[[9]],"num_computed_tokens":4294967295})", &error),
                KVSPEC_OK);
      continue;
    }
    EXPECT_EQ(kvspec_traffic_observe_rejection(traffic.get(), nullptr, 0, &error), KVSPEC_INVALID_ARGUMENT);
    EXPECT_EQ(kvspec_traffic_observe_rejection(traffic.get(), "NO-01", 0, &error), KVSPEC_UNKNOWN_NAME);
    EXPECT_EQ(kvspec_traffic_observe_rejection(traffic.get(), "REQ-02", -1, &error), KVSPEC_OK);
  }
}

// The family that is there to be rejected is, or is valid by chance.
TEST(CApi, InvalidTrafficIsRejected) {
  std::size_t rejected = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    kvspec_error error;
    kvspec_traffic* traffic = nullptr;
    const kvspec_status status = kvspec_traffic_create("invalid", seed, &traffic, &error);
    kvspec_traffic_destroy(traffic);
    if (status == KVSPEC_OK) continue;
    ++rejected;
    EXPECT_EQ(status, KVSPEC_REJECTED);
    EXPECT_THAT(error.clause, testing::StartsWith("CONF-"));
  }
  EXPECT_GT(rejected, 0U);
}

// What no engine of ours does: it throws, or its state is broken.
class Failing final : public c_api::InspectedEngine {
 public:
  explicit Failing(void (*failure)()) : failure_(failure) {}
  Result<Observation<Growing>> step(const Command<Growing>&) override {
    failure_();
    return Error{};
  }
  View<Growing> view() const override {
    failure_();
    return {};
  }
  Finding check() override {
    return Violation{.clause = Clause::i2, .what = "a free block is referenced", .block = 3, .actual = 1};
  }

 private:
  void (*failure_)();
};

kvspec_system failing(void (*failure)()) {
  return kvspec_system{.engine = std::make_unique<Failing>(failure), .unusable = false};
}

TEST(CApi, ABrokenInvariantIsNamed) {
  kvspec_system system = failing([] {});
  kvspec_error error;
  EXPECT_EQ(kvspec_system_check(&system, &error), KVSPEC_BROKEN);
  EXPECT_STREQ(error.clause, "I2");
  EXPECT_THAT(error.message, HasSubstr("a free block is referenced"));
}

TEST(CApi, NothingIsThrownAcrossTheBorder) {
  struct Case {
    void (*failure)();
    kvspec_status status;
    const char* message;
  };
  for (const Case& c : {Case{[] { throw std::bad_alloc(); }, KVSPEC_OUT_OF_MEMORY, "out of memory"},
                        Case{[] { throw std::runtime_error("a defect"); }, KVSPEC_INTERNAL, "a defect"},
                        Case{[] { throw 1; }, KVSPEC_INTERNAL, "an exception of unknown type"}}) {
    kvspec_system system = failing(c.failure);
    kvspec_error error;
    char* text = nullptr;
    EXPECT_EQ(kvspec_system_view(&system, &text, &error), c.status);  // looking changes nothing
    EXPECT_EQ(kvspec_system_step(&system, add_r0, &text, &error), c.status);
    EXPECT_STREQ(error.message, c.message);
    EXPECT_EQ(text, nullptr);
    EXPECT_EQ(kvspec_system_step(&system, add_r0, &text, &error), KVSPEC_UNUSABLE);
    EXPECT_EQ(kvspec_system_view(&system, &text, &error), KVSPEC_UNUSABLE);
    EXPECT_EQ(kvspec_system_check(&system, &error), KVSPEC_UNUSABLE);
  }
}

}  // namespace
}  // namespace kvspec
