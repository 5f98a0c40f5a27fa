// The codec on values of our own: nothing is lost, and each special form is the documented one.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "fuzz/arbitrary.hpp"
#include "spec/trace/diff.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

template <class T>
void expect_same(const T& expected, const Decoded<T>& actual) {
  if (!actual) RC_FAIL(to_text(actual.error()));
  if (const auto difference = first_difference(expected, actual.value())) RC_FAIL(to_text(*difference));
  RC_ASSERT(expected == actual.value());
}

// Covers: TRACE-03, TRACE-04, TRACE-05
RC_GTEST_PROP(TraceJson, CommandsSurvive, ()) {
  const auto command = *fuzz::any_command();
  const std::string text = to_json(command);
  RC_ASSERT(text.find('\n') == text.npos);
  expect_same(command, command_from_json(text));
}

RC_GTEST_PROP(TraceJson, ConfigurationsSurvive, ()) {
  const auto config = *fuzz::any_config();
  expect_same(config, config_from_json(to_json(config)));
}

RC_GTEST_PROP(TraceJson, StatesSurvive, ()) {
  const auto state = *fuzz::any_state();
  expect_same(state, state_from_json(to_json(state)));
}

RC_GTEST_PROP(TraceJson, ViewsSurvive, ()) {
  const auto view = *fuzz::any_view();
  expect_same(view, view_from_json(to_json(view)));
}

RC_GTEST_PROP(TraceJson, ObservationsSurvive, ()) {
  const auto command = *fuzz::any_command();
  const auto observation = *fuzz::any_observation(command);
  expect_same(observation, observation_from_json(to_json(observation), command));
}

RC_GTEST_PROP(TraceJson, TracesSurvive, ()) {
  Trace trace{.config = *fuzz::any_config(), .steps = {}, .after_error_state = {}};
  const auto commands = *fuzz::any_commands();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    trace.steps.push_back({.command = commands[i], .observation = {}, .error = {}, .line = i + 2});
  }
  if (!commands.empty() && *rc::gen::arbitrary<bool>()) {
    trace.steps.back().error = RecordedError{*fuzz::any_text(), *fuzz::any_text()};
    if (*rc::gen::arbitrary<bool>()) trace.after_error_state = *fuzz::any_state();
  }
  std::stringstream file;
  write_trace(file, trace);
  const auto again = read_trace(file, "memory");
  if (!again) RC_FAIL(to_text(again.error()));
  RC_ASSERT(again.value() == trace);
}

// ---- the special forms ----------------------------------------------------------------------------------------------

TEST(TraceJson, OmitsWhatAnInputDoesNotHave) {
  AddRequest<Growing> request{};
  request.req = "r0";
  request.tokens = {1, -2};
  EXPECT_EQ(to_json(Command<Growing>(request)), R"({"op":"new_request","req":"r0","tokens":[1,-2]})");
  request.prompt_logprobs = 0;
  request.cache_salt = "";
  request.lora = Lora<Growing>{"a", 3};
  request.mm = MultimodalItems<Growing>{{"img", 0, 2}};
  request.prompt_embeds = PromptEmbeds<Growing>{{0.5F, -1.0F, 0.1F, 3.0F}, 2};
  EXPECT_EQ(to_json(Command<Growing>(request)),
            R"({"op":"new_request","req":"r0","tokens":[1,-2],"mm":[{"id":"img","offset":0,"length":2}],)"
            R"("lora":{"name":"a","id":3},"cache_salt":"","prompt_logprobs":0,)"
            R"("prompt_embeds":[[0.5,-1.0],[0.10000000149011612,3.0]]})");
}

TEST(TraceJson, WritesNullForWhatAnOutputDoesNotHave) {
  EXPECT_EQ(to_json(Observation<Growing>(AllocateSlots<Growing>::Observation{})), R"({"result":null,"num_free":0})");
  EXPECT_EQ(to_json(Observation<Growing>(Done{})), "{}");
}

TEST(TraceJson, ReadsNullAndAbsentAlike) {
  const auto absent = command_from_json(R"({"op":"new_request","req":"r0","tokens":[]})");
  const auto null = command_from_json(R"({"op":"new_request","req":"r0","tokens":[],"mm":null,"lora":null})");
  ASSERT_TRUE(absent);
  ASSERT_TRUE(null);
  EXPECT_TRUE(absent.value() == null.value());
}

// Covers: EVENT-03
TEST(TraceJson, WritesEventsAsRecorded) {
  TakeEvents<Growing>::Observation out{};
  BlockStored<Growing> stored{};
  stored.block_hashes = {{.is_integer = true, .integer = std::numeric_limits<std::uint64_t>::max(), .bytes = {}},
                         {.is_integer = false, .integer = 0, .bytes = {0x00, 0xAB}}};
  stored.extra_keys = ExtraKeysList<Growing>{
      {},
      {{.kind = ExtraKeyKind::text, .text = "salt", .offset = 0, .digest = {}},
       {.kind = ExtraKeyKind::item, .text = "img", .offset = -2, .digest = {}},
       {.kind = ExtraKeyKind::digest, .text = {}, .offset = 0, .digest = {.bytes = {0xFF, 0x01}, .size = 2}}}};
  stored.kv_cache_spec_kind = SpecKind::full_attention;
  out.events.emplace_back(stored);
  out.events.emplace_back(AllBlocksCleared<Growing>{});
  EXPECT_EQ(to_json(Observation<Growing>(out)),
            R"({"events":[{"type":"BlockStored","block_hashes":["i:18446744073709551615","b:00ab"],)"
            R"("parent_block_hash":null,"token_ids":[],"block_size":0,"lora_id":null,"medium":"GPU",)"
            R"("lora_name":null,"extra_keys":[null,["salt",["img",-2],{"b":"ff01"}]],"group_idx":0,)"
            R"("kv_cache_spec_kind":"full_attention","kv_cache_spec_sliding_window":null},)"
            R"({"type":"AllBlocksCleared"}]})");
}

// Covers: HASH-11
TEST(TraceJson, ReadsDumpsInCanonicalOrder) {
  const auto state = state_from_json(R"({"free_queue":[3,1],"num_free":2,"usage":0.1,"ref_cnt":{"10":1,"2":3},
      "hashes":{"10":["ff",0],"9":["00aa",1]},"cached_map_size":2,"dups":{"ff00000001":[1],"0a00000100":[3,2]},
      "managers":[{"req_blocks":{"r2":[1],"r10":[]},"num_cached_block":{},
        "cached_blocks_this_step":["bb00000000","aa00000002"],"allocated_block_reqs":["r2","r1"]}]})");
  ASSERT_TRUE(state) << to_text(state.error());
  EXPECT_EQ(to_json(state.value()),
            R"({"free_queue":[3,1],"num_free":2,"usage":0.1,"ref_cnt":{"2":3,"10":1},)"
            R"("hashes":{"9":["00aa",1],"10":["ff",0]},"cached_map_size":2,)"
            R"("dups":{"0a00000100":[3,2],"ff00000001":[1]},)"
            R"("managers":[{"req_blocks":{"r10":[],"r2":[1]},"num_cached_block":{},)"
            R"("cached_blocks_this_step":["aa00000002","bb00000000"],"allocated_block_reqs":["r1","r2"]}]})");
  EXPECT_EQ(state.value().dups[0].key.group, 0x100U);
  EXPECT_EQ(state.value().usage, 0.1);
}

TEST(TraceJson, KeepsWhatTheDriverAdds) {
  const Config<Growing> plain = single_group_config<Growing>(GroupKind::full, 2, 8);
  json text = json::parse(to_json(plain));
  text["driver"] = 5;  // a key of the driver, not the member of that name
  text["big"] = {true, {{"a", nullptr}}};
  const auto config = config_from_json(text.dump());
  ASSERT_TRUE(config) << to_text(config.error());
  EXPECT_EQ(config.value().driver, R"({"big":[true,{"a":null}],"driver":5})");
  EXPECT_EQ(json::parse(to_json(config.value())), text);
  EXPECT_FALSE(config_from_json(to_json(plain)).value().driver);
}

// A driver that is not such an object is not written: the line stays one that can be read.
TEST(TraceJson, LeavesOutADriverThatIsNoObject) {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, 2, 8);
  for (const char* driver : {"", "5", "{", "[1]", R"({"num_blocks":3})"}) {
    config.driver = driver;
    const auto again = config_from_json(to_json(config));
    ASSERT_TRUE(again) << driver << to_text(again.error());
    EXPECT_EQ(again.value().num_blocks, 8);
    EXPECT_FALSE(again.value().driver);
  }
}

TEST(TraceJson, WritesNumbersExactly) {
  StateDump<Growing> state{};
  for (const double usage : {0.0, 1.0, 0.1, 1.0 / 3, 1e22, 5e-324, 1.7976931348623157e308}) {
    state.usage = usage;
    EXPECT_EQ(json::parse(to_json(state))["usage"].get<double>(), usage);
    EXPECT_TRUE(json::parse(to_json(state))["usage"].is_number_float());
    EXPECT_EQ(state_from_json(to_json(state)).value().usage, usage);
  }
}

// What JSON cannot hold still gives JSON.
TEST(TraceJson, WritesBrokenTextAsReplacements) {
  const std::string text = to_json(Command<Growing>(Free<Growing>{"a\xFFz", false}));
  EXPECT_EQ(text, "{\"op\":\"free\",\"req\":\"a\xEF\xBF\xBDz\",\"drop\":false}");
  EXPECT_TRUE(command_from_json(text));
}

TEST(TraceJson, NamesEveryEnumerator) {
  EXPECT_EQ(name_of(GroupKind::cross), "cross");
  EXPECT_EQ(name_of(MambaCacheMode::all), "all");
  EXPECT_EQ(name_of(HashFunction::xxhash_cbor), "xxhash_cbor");
  EXPECT_EQ(name_of(PassedHit::computed), "computed");
  EXPECT_EQ(name_of(SpecKind::cross_attention), "cross_attention");
  EXPECT_EQ(name_of(Medium::gpu), "GPU");
  EXPECT_EQ(enumerator_of<SpecKind>("mla_attention"), SpecKind::mla_attention);
  EXPECT_FALSE(enumerator_of<SpecKind>("MLA"));
  EXPECT_EQ(name_of(static_cast<GroupKind>(200)), "?");
}

}  // namespace
}  // namespace kvspec
