// What a person reads.
#include <gtest/gtest.h>

#include <string>

#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

std::string text_of(const Command<Growing>& command) { return to_text(command); }
std::string text_of(const Observation<Growing>& observation) { return to_text(observation); }

TEST(TracePrint, CommandsLeaveOutWhatIsPlain) {
  AllocateSlots<Growing> allocate{};
  EXPECT_EQ(text_of(Command<Growing>(allocate)), "allocate_slots()");
  allocate.req = "r0";
  allocate.num_new_tokens = 3;
  allocate.new_computed_blocks = PassedHit::computed;
  allocate.num_lookahead_tokens = 2;
  EXPECT_EQ(text_of(Command<Growing>(allocate)),
            "allocate_slots(req=\"r0\", num_new_tokens=3, new_computed_blocks=computed, num_lookahead_tokens=2)");
  EXPECT_EQ(text_of(Command<Growing>(Free<Growing>{"r\n1", true})), "free(req=\"r\\n1\", drop=true)");

  AddRequest<Growing> request{};
  request.tokens = {1, -2};
  request.prompt_logprobs = 0;
  request.mm = MultimodalItems<Growing>{{"img", 0, 2}};
  request.prompt_embeds = PromptEmbeds<Growing>{{0.5F, 1.0F}, 1};
  EXPECT_EQ(text_of(Command<Growing>(request)),
            "new_request(tokens=[1, -2], mm=[(id=\"img\", length=2)], prompt_logprobs=0, prompt_embeds=2x1[0.5, 1])");
}

TEST(TracePrint, ObservationsShowEveryMember) {
  EXPECT_EQ(text_of(Observation<Growing>(Done{})), "done");
  EXPECT_EQ(text_of(Observation<Growing>(AllocateSlots<Growing>::Observation{})), "(result=none, num_free=0)");
  EXPECT_EQ(text_of(Observation<Growing>(AllocateSlots<Growing>::Observation{BlockTables<Growing>{{1, 2}, {}}, 7})),
            "(result=[[1, 2], []], num_free=7)");
  TakeEvents<Growing>::Observation events{};
  events.events.emplace_back(
      BlockRemoved<Growing>{{{.is_integer = false, .integer = 0, .bytes = {0xAB}}}, Medium::gpu, 1});
  EXPECT_EQ(text_of(Observation<Growing>(events)),
            "(events=[BlockRemoved(block_hashes=[0xab], medium=GPU, group_idx=1)])");
  StateDump<Growing> state{};
  state.ref_cnt = {{3, 1}};
  state.managers.resize(1);
  state.managers[0].req_blocks = {{"r1", {3}}};
  EXPECT_EQ(to_text(state),
            "(free_queue=[], num_free=0, usage=0, ref_cnt=[3: 1], null_block_ref_cnt_unmaintained=none, hashes=[], "
            "cached_map_size=0, dups=[], managers=[(req_blocks=[\"r1\": [3]], num_cached_block=[], "
            "cached_blocks_this_step=none, last_state_block_idx=none, allocated_block_reqs=none)])");
}

TEST(TracePrint, StatesShowCopiesAndViewsWhatTheyHold) {
  View<Growing> view{};
  view.state.null_block_ref_cnt_unmaintained = Informative{2};
  view.state.dups.resize(1);
  view.state.dups[0].blocks = {1, 2};
  view.events.emplace_back(AllBlocksCleared<Growing>{});
  view.requests.resize(1);
  view.requests[0].req = "r0";
  const std::string text = to_text(view);
  EXPECT_NE(text.find("null_block_ref_cnt_unmaintained=2"), text.npos) << text;
  EXPECT_NE(text.find("of group 0: [1, 2]]"), text.npos) << text;
  EXPECT_NE(text.find("events=[" + to_text(view.events[0]) + "]"), text.npos) << text;
  EXPECT_NE(text.find("requests=[(req=\"r0\""), text.npos) << text;
  EXPECT_TRUE(to_text(view.events[0]).starts_with("AllBlocksCleared(")) << text;
}

TEST(TracePrint, AnErrorOfATraceHasItsClause) {
  EXPECT_EQ(to_text(TraceError{Clause::trace_01, "no JSON"}), "TRACE-01: no JSON");
}

TEST(TracePrint, ConfigurationsLeaveOutWhatIsPlain) {
  EXPECT_EQ(to_text(single_group_config<Growing>(GroupKind::mla, 4, 10)),
            "config(groups=[(kind=mla, block_size=4)], num_blocks=10, hash_block_size=4, scheduler_block_size=4, "
            "max_model_len=8192, dcp_world_size=1, pcp_world_size=1, enable_caching=true, events_int_hashes=true, "
            "hash_fn=sha256)");
}

TEST(TracePrint, LongListsAreCut) {
  EvictBlocks<Growing> evict{};
  evict.block_ids.resize(1000);
  const std::string text = text_of(Command<Growing>(evict));
  EXPECT_TRUE(text.ends_with("0, 0, ... 1000 in all])")) << text;
  EXPECT_LT(text.size(), 200U);
}

TEST(TracePrint, ErrorsAndViolations) {
  EXPECT_EQ(to_text(Error{Clause::conf_01, 0}), "CONF-01: num_blocks is between 1 and 2^24 (offending: 0)");
  Violation violation{.clause = Clause::i3, .what = "the reference count is not the number of references", .block = 4};
  EXPECT_EQ(to_text(violation), "I3: the reference count is not the number of references (block 4)");
  violation.group = 0;
  violation.request = "r1";
  violation.actual = 2;
  EXPECT_EQ(to_text(violation),
            "I3: the reference count is not the number of references (block 4, group 0, request \"r1\", actual 2, "
            "expected 0)");
  EXPECT_EQ(to_text(Violation{.clause = Clause::i5, .what = "the null block has a hash"}),
            "I5: the null block has a hash");
}

TEST(TracePrint, TextStaysOnOneLine) {
  EXPECT_EQ(printable("a\nb\x1B[0m\x7F", 100), "a\\nb\\u001b[0m\\u007f");
  EXPECT_EQ(printable("\xFF\xC3\xA9\xC2\x85\xED\xA0\x80", 100), "\\xff\xC3\xA9\\u0085\\xed\\xa0\\x80");
  EXPECT_EQ(printable(std::string("\0", 1), 100), "\\u0000");
  EXPECT_EQ(quote("a\"\\\n"), R"("a\"\\\n")");
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdefg", 6), "abc...");
  EXPECT_EQ(cut("ab\xC3\xA9"
                "defg",
                6),
            "ab...");
  EXPECT_EQ(with_valid_utf8("a\xC3"), "a?");
  EXPECT_EQ(with_valid_utf8("\xF4\x90\x80\x80\xC0\x80\xE0\x80\x80"), "?????????");
  EXPECT_EQ(with_valid_utf8("\xF0\x9F\x90\x8D\xE6\xBC\xA2"), "\xF0\x9F\x90\x8D\xE6\xBC\xA2");
}

}  // namespace
}  // namespace kvspec
