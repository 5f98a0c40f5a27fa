// What is not a trace: each fault gives its clause and says what is wrong and where; nothing crashes, nothing throws.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "spec/trace/json.hpp"
#include "spec/trace/text.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec {
namespace {

const std::string config_line = R"({"config":)" + to_json(single_group_config<Growing>(GroupKind::full, 2, 8)) + "}\n";

Decoded<Trace, TraceProblem> read(const std::string& text) {
  std::istringstream in(text);
  return read_trace(in, "t.jsonl");
}

// "3: what is wrong [TRACE-04]", or nothing.
std::string problem_of(const std::string& text) {
  const auto trace = read(text);
  return trace ? "" : to_text(trace.error()).substr(std::string("t.jsonl:").size());
}

struct Fault {
  std::string line;
  std::string problem;
};

void expect_faults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    EXPECT_EQ(problem_of(config_line + fault.line), fault.problem) << printable(fault.line, 200);
    EXPECT_EQ(problem_of(config_line + fault.line + '\n'), fault.problem) << printable(fault.line, 200);
  }
}

// The problem of a line has this clause, whatever the words of the parser are.
void expect_clause(const std::string& line, std::string_view clause) {
  const std::string problem = problem_of(config_line + line);
  EXPECT_TRUE(problem.starts_with("2: ")) << problem;
  EXPECT_TRUE(problem.ends_with('[' + std::string(clause) + ']')) << problem;
}

// Covers: TRACE-01
TEST(TraceErrors, LinesThatAreNotJson) {
  expect_faults({
      {" \t", "2: the line is empty [TRACE-01]"},
      {"\r", "2: the line is empty [TRACE-01]"},
      {std::string(R"({"in":{"op":"state"}})") + '\0', "2: byte 22: the text has a NUL [TRACE-01]"},
      {"\xEF\xBB\xBF{}", "2: the text begins with a byte order mark [TRACE-01]"},
      {std::string(100, '['), "2: the value is nested deeper than 64 levels [TRACE-01]"},
  });
  expect_clause("\n", "TRACE-01");
  expect_clause(R"({"in":{"op":"state"})", "TRACE-01");
  expect_clause(R"({"in":{"op":"state"}} {})", "TRACE-01");
  expect_clause(R"({"in":{"op":"sta)", "TRACE-01");
  expect_clause("{\"in\":{\"op\":\"st\xFF\"}}", "TRACE-01");
  expect_clause("{\"in\":{\"op\":\"st\xED\xA0\x80\"}}", "TRACE-01");
  expect_clause(R"({"in":{"op":"\ud800"}})", "TRACE-01");
  expect_clause("{\"in\":{\"op\":\"a\x01\"}}", "TRACE-01");
  expect_clause(R"({'in':1})", "TRACE-01");
  expect_clause(R"({"in":NaN})", "TRACE-01");
  expect_clause(R"({"in":01})", "TRACE-01");
  expect_clause("// comment", "TRACE-01");
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) deep += R"({"in":)";
  expect_clause(deep, "TRACE-01");
}

// Covers: TRACE-02, TRACE-07
TEST(TraceErrors, TheFirstLine) {
  EXPECT_EQ(to_text(read("").error()), "t.jsonl: the file is empty [TRACE-07]");
  EXPECT_EQ(problem_of("\n"), "1: the line is empty [TRACE-01]");
  const std::string expected = "1: expected an object with the member \"config\" in the first line [TRACE-02]";
  for (const char* line : {"{}", "[]", "null", "1", R"("config")", R"({"in":{"op":"state"}})"}) {
    EXPECT_EQ(problem_of(line), expected) << line;
  }
  EXPECT_EQ(problem_of(R"({"config":null})"), "1: config: expected an object, found null [TRACE-04]");
  EXPECT_EQ(problem_of(R"({"config":{}})"), "1: config.groups: the member is missing [TRACE-04]");
  EXPECT_EQ(problem_of(R"({"config":{"groups":{}}})"), "1: config.groups: expected a list, found an object [TRACE-04]");
  EXPECT_EQ(problem_of(R"({"config":{"groups":[{"kind":"fast"}]}})"),
            "1: config.groups[0].kind: \"fast\" is not one of full, mla, swa, swa_mla, chunked, mamba, cross "
            "[TRACE-04]");
  EXPECT_EQ(problem_of(R"({"config":{"groups":[{"kind":"full","block_size":2,"size":1}]}})"),
            "1: config.groups[0]: there is no member \"size\" here [TRACE-04]");
  EXPECT_EQ(problem_of(R"({"config":{},"version":1})"), "1: the line has an unknown member \"version\" [TRACE-04]");
}

// Covers: TRACE-07
TEST(TraceErrors, FilesThatCannotBeRead) {
  const auto missing = read_trace_file("/nonexistent/a\nb.jsonl");
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_text(missing.error()), "/nonexistent/a\\nb.jsonl: the file cannot be opened [TRACE-07]");
  const auto directory = read_trace_file(KVSPEC_SOURCE_DIR "/tests");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().error.clause, Clause::trace_07);
  std::istringstream failed;
  failed.setstate(std::ios::badbit);
  EXPECT_EQ(to_text(read_trace(failed, "x").error()), "x: the file cannot be read [TRACE-07]");
}

// Covers: TRACE-02, TRACE-03
TEST(TraceErrors, LinesThatAreNotAnOperation) {
  const std::string without = "2: expected an object with the member \"in\", found ";
  expect_faults({
      {"{}", without + "one without it [TRACE-02]"},
      {"null", without + "null [TRACE-02]"},
      {"[]", without + "a list [TRACE-02]"},
      {"99999999999999999999", without + "99999999999999999999 [TRACE-02]"},
      {R"({"after_error_state":{}})", without + "one without it [TRACE-02]"},
      {R"({"in":5})", "2: in: expected an object, found 5 [TRACE-04]"},
      {R"({"in":null})", "2: in: expected an object, found null [TRACE-04]"},
      {R"({"in":{}})", "2: in.op: the member is missing [TRACE-03]"},
      {R"({"in":{"op":"fly"}})", "2: in.op: \"fly\" is not an operation [TRACE-03]"},
      {R"({"in":{"op":""}})", "2: in.op: \"\" is not an operation [TRACE-03]"},
      {R"({"in":{"op":3}})", "2: in.op: 3 is not an operation [TRACE-03]"},
      {R"({"in":{"op":"state"},"extra":1})", "2: the line has an unknown member \"extra\" [TRACE-04]"},
  });
}

// Covers: TRACE-04
TEST(TraceErrors, MembersThatAreNotThoseOfTheFormat) {
  expect_faults({
      {R"({"in":{"op":"free","req":"r0"}})", "2: free.in.drop: the member is missing [TRACE-04]"},
      {R"({"in":{"op":"free","req":"r0","drop":null}})",
       "2: free.in.drop: expected true or false, found null [TRACE-04]"},
      {R"({"in":{"op":"free","req":"r0","drop":1}})", "2: free.in.drop: expected true or false, found 1 [TRACE-04]"},
      {R"({"in":{"op":"free","req":7,"drop":true}})", "2: free.in.req: expected a string, found 7 [TRACE-04]"},
      {R"({"in":{"op":"free","req":"r0","drop":true,"x\n":0}})",
       "2: free.in: there is no member \"x\\n\" here [TRACE-04]"},
      {R"({"in":{"op":"state","req":"r0"}})", "2: state.in: there is no member \"req\" here [TRACE-04]"},
      {R"({"in":{"op":"free","req":"a","req":"b","drop":true}})",
       "2: in: the member \"req\" is given twice [TRACE-04]"},
      {R"({"in":{"op":"state"},"in":{"op":"state"}})", "2: the line: the member \"in\" is given twice [TRACE-04]"},
      {R"({"in":{"op":"evict_blocks","block_ids":[1,[]]}})",
       "2: evict_blocks.in.block_ids[1]: expected an integer, found a list [TRACE-04]"},
      {R"({"in":{"op":"evict_blocks","block_ids":[true]}})",
       "2: evict_blocks.in.block_ids[0]: expected an integer, found true [TRACE-04]"},
      {R"({"in":{"op":"evict_blocks","block_ids":[1.0]}})",
       "2: evict_blocks.in.block_ids[0]: expected an integer, found 1.0 [TRACE-04]"},
      {R"({"in":{"op":"new_request","req":"r","tokens":[],"prompt_embeds":[[1],[1,2]]}})",
       "2: new_request.in.prompt_embeds[1]: the rows differ in width [TRACE-04]"},
      {R"({"in":{"op":"new_request","req":"r","tokens":[],"prompt_embeds":[[]]}})",
       "2: new_request.in.prompt_embeds[0]: expected a row of numbers, found a list [TRACE-04]"},
      {R"({"in":{"op":"new_request","req":"r","tokens":[],"mm":[{"id":"a","offset":0}]}})",
       "2: new_request.in.mm[0].length: the member is missing [TRACE-04]"},
  });
}

// Covers: TRACE-05
TEST(TraceErrors, NumbersOutOfRange) {
  const auto cache = [](const std::string& number) {
    return R"({"in":{"op":"cache_blocks","req":"r0","num_computed_tokens":)" + number + "}}";
  };
  const std::string where = "2: cache_blocks.in.num_computed_tokens: ";
  const std::string range = " is not within 0 .. 4294967295 [TRACE-05]";
  expect_faults({
      {cache("-1"), where + "-1" + range},
      {cache("4294967296"), where + "4294967296" + range},
      {cache("18446744073709551615"), where + "18446744073709551615" + range},
      {cache("99999999999999999999"), where + "99999999999999999999" + range},
      {cache("-99999999999999999999"), where + "-99999999999999999999" + range},
      {cache("1e400"), "2: in.num_computed_tokens: 1e400 is beyond every double [TRACE-05]"},
      {cache("1e3"), where + "expected an integer, found 1000.0 [TRACE-04]"},
      {R"({"in":{"op":"append","req":"r","tokens":[0,9223372036854775808]}})",
       "2: append.in.tokens[1]: 9223372036854775808 is not within -9223372036854775808 .. 9223372036854775807 "
       "[TRACE-05]"},
      {R"({"in":{"op":"append","req":"r","tokens":[0,1e400]}})",
       "2: in.tokens[1]: 1e400 is beyond every double [TRACE-05]"},
      {R"({"in":{"op":"new_request","req":"r","tokens":[],"prompt_embeds":[[1e39]]}})",
       "2: new_request.in.prompt_embeds[0][0]: 1e+39 is beyond every float32 [TRACE-05]"},
  });
  EXPECT_EQ(problem_of(config_line + cache("4294967295")), "");
  EXPECT_EQ(problem_of(config_line + cache("0")), "");
}

// An operation's output has the members of its own observation.
// Covers: TRACE-04, TRACE-05
TEST(TraceErrors, Outputs) {
  const auto out = [](const std::string& op, const std::string& value) {
    return R"({"in":{"op":")" + op + R"("},"out":)" + value + "}";
  };
  const std::string stored = R"("parent_block_hash":null,"token_ids":[],"block_size":2,"medium":"GPU","group_idx":0)";
  const auto events = [&](const std::string& event) { return out("take_events", "{\"events\":[" + event + "]}"); };
  const auto dump = [&](const std::string& member, const std::string& value) {
    std::string text = to_json(StateDump<Growing>{});
    const std::string from = '"' + member + "\":";
    const std::size_t at = text.find(from) + from.size();
    const std::size_t length = text.find_first_of("]},", at) - at + (text[at] == '{' || text[at] == '[' ? 1 : 0);
    return out("state", text.replace(at, length, value));
  };
  const std::string hash = "expected \"i:\" and an integer or \"b:\" and hex digits, found ";
  expect_faults({
      {out("reset_prefix_cache", R"({"result":true})"), ""},
      {out("new_step_starts", "{}"), ""},
      {out("new_step_starts", R"({"result":1})"),
       "2: new_step_starts.out: there is no member \"result\" here [TRACE-04]"},
      {out("new_step_starts", "[]"), "2: new_step_starts.out: expected an object, found a list [TRACE-04]"},
      {out("new_step_starts", "null"), "2: out: null is for an operation that failed; there is no \"err\" [TRACE-04]"},
      {out("reset_prefix_cache", R"({"num_free":3})"),
       "2: reset_prefix_cache.out.result: the member is missing [TRACE-04]"},
      {out("take_new_block_ids", R"({"result":[[1]]})"),
       "2: take_new_block_ids.out.result[0]: expected an integer, found a list [TRACE-04]"},
      {events(R"({"type":"AllBlocksCleared"})"), ""},
      {events("{}"), "2: take_events.out.events[0].type: the member is missing [TRACE-04]"},
      {events(R"({"type":1})"), "2: take_events.out.events[0].type: expected a string, found 1 [TRACE-04]"},
      {events(R"({"type":"Gone"})"),
       "2: take_events.out.events[0].type: \"Gone\" is not one of BlockStored, BlockRemoved, AllBlocksCleared "
       "[TRACE-04]"},
      {events(R"({"type":"AllBlocksCleared","x":1})"),
       "2: take_events.out.events[0]: there is no member \"x\" here [TRACE-04]"},
      {events(R"({"type":"BlockRemoved","block_hashes":["7"],"medium":"GPU","group_idx":0})"),
       "2: take_events.out.events[0].block_hashes[0]: " + hash + "\"7\" [TRACE-04]"},
      {events(R"({"type":"BlockRemoved","block_hashes":["i:18446744073709551616"],"medium":"GPU","group_idx":0})"),
       "2: take_events.out.events[0].block_hashes[0]: 18446744073709551616 is not within 0 .. 18446744073709551615 "
       "[TRACE-05]"},
      {events(R"({"type":"BlockRemoved","block_hashes":["i:07"],"medium":"GPU","group_idx":0})"),
       "2: take_events.out.events[0].block_hashes[0]: \"07\" is not a decimal integer [TRACE-04]"},
      {events(R"({"type":"BlockRemoved","block_hashes":["b:abc"],"medium":"GPU","group_idx":0})"),
       "2: take_events.out.events[0].block_hashes[0]: \"abc\" is not an even number of lower-case hex digits "
       "[TRACE-04]"},
      {events(R"({"type":"BlockRemoved","block_hashes":["b:AB"],"medium":"GPU","group_idx":0})"),
       "2: take_events.out.events[0].block_hashes[0]: \"AB\" is not an even number of lower-case hex digits "
       "[TRACE-04]"},
      {events(R"({"type":"BlockStored","block_hashes":[],"extra_keys":[[]],)" + stored + "}"),
       "2: take_events.out.events[0].extra_keys[0]: expected null or a list that is not empty, found a list "
       "[TRACE-04]"},
      {events(R"({"type":"BlockStored","block_hashes":[],"extra_keys":[[["a"]]],)" + stored + "}"),
       "2: take_events.out.events[0].extra_keys[0][0]: expected a list of two, found a list [TRACE-04]"},
      {events(R"({"type":"BlockStored","block_hashes":[],"extra_keys":[[{"c":1}]],)" + stored + "}"),
       "2: take_events.out.events[0].extra_keys[0][0]: expected a string, a pair of id and offset, or an object with "
       "the one member \"b\", found an object [TRACE-04]"},
      {dump("usage", "1"), ""},
      {dump("usage", "true"), "2: state.out.usage: expected a number, found true [TRACE-04]"},
      {dump("ref_cnt", R"({"01":1})"), "2: state.out.ref_cnt[\"01\"]: \"01\" is not a decimal integer [TRACE-04]"},
      {dump("ref_cnt", R"({"4294967296":1})"),
       "2: state.out.ref_cnt[\"4294967296\"]: 4294967296 is not within 0 .. 4294967295 [TRACE-05]"},
      {dump("ref_cnt", R"({"1":1,"1":1})"), "2: out.ref_cnt: the member \"1\" is given twice [TRACE-04]"},
      {dump("hashes", R"({"1":["zz",0]})"),
       "2: state.out.hashes[\"1\"][0]: \"zz\" is not an even number of lower-case hex digits [TRACE-04]"},
      {dump("hashes", R"({"1":["aa"]})"),
       "2: state.out.hashes[\"1\"]: expected a list of two, found a list [TRACE-04]"},
      {dump("dups", R"({"aa":[1]})"),
       "2: state.out.dups[\"aa\"]: \"aa\" is not the digits of a hash and of a group [TRACE-04]"},
      {dump("managers", "[{}]"), "2: state.out.managers[0].req_blocks: the member is missing [TRACE-04]"},
      {R"({"in":{"op":"append","req":"r","tokens":[]},"out":{"num_tokens":0,"new_block_hashes":[")" +
           std::string(66, '0') + R"("]}})",
       "2: append.out.new_block_hashes[0]: a digest has at most 32 bytes [TRACE-04]"},
  });
}

// Covers: TRACE-06
TEST(TraceErrors, WhatFollowsAnError) {
  const std::string error = config_line + R"({"in":{"op":"state"},"out":null,"err":{"type":"E","msg":"no"}})" + "\n";
  const std::string state = R"({"after_error_state":)" + to_json(StateDump<Growing>{}) + "}\n";
  EXPECT_EQ(problem_of(error), "");
  EXPECT_EQ(problem_of(error + state), "");
  EXPECT_EQ(problem_of(error + R"({"in":{"op":"state"}})"),
            "3: a line other than \"after_error_state\" follows an error [TRACE-06]");
  EXPECT_EQ(problem_of(error + state + state), "4: a line follows the state after an error [TRACE-06]");
  EXPECT_EQ(problem_of(error + R"({"after_error_state":{}})"),
            "3: after_error_state.free_queue: the member is missing [TRACE-04]");
  const std::string in = R"({"in":{"op":"state"},)";
  expect_faults({
      {in + R"("out":null,"err":{"type":"E"}})", "2: err.msg: the member is missing [TRACE-04]"},
      {in + R"("out":null,"err":{"type":1,"msg":""}})", "2: err.type: expected a string, found 1 [TRACE-04]"},
      {in + R"("out":null,"err":[]})", "2: err: expected an object, found a list [TRACE-04]"},
      {in + R"("out":null,"err":{"type":"","msg":"","at":1}})",
       "2: err: expected the members type and msg only [TRACE-04]"},
      {in + R"("out":{},"err":{"type":"","msg":""}})", "2: out: an operation with \"err\" has no output [TRACE-04]"},
  });
}

TEST(TraceErrors, WhatIsAccepted) {
  const std::string step = R"({"in":{"op":"new_step_starts"},"out":{}})";
  for (const std::string& lines : {step, step + '\n', step + "\r\n" + step + "\r\n", " " + step + " \n"}) {
    EXPECT_EQ(problem_of(config_line + lines), "") << lines;
  }
  const auto trace = read(config_line + R"({"in":{"op":"new_step_starts"}})");
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace.value().steps.at(0).observation);
}

// Covers: TRACE-01
TEST(TraceErrors, ALineThatIsTooLong) {
  std::istringstream in(config_line + std::string(2000, ' ') + "{}\n");
  auto reader = TraceReader::open(in, "t", 1000);
  ASSERT_TRUE(reader);
  const auto step = reader.value().next();
  ASSERT_FALSE(step);
  EXPECT_EQ(to_text(step.error()), "t:2: the line is longer than 1000 bytes [TRACE-01]");
  EXPECT_EQ(reader.value().next().error(), step.error());
}

// A reader takes no more of the stream than it gives.
TEST(TraceErrors, TheReaderDoesNotReadAhead) {
  const std::string step = R"({"in":{"op":"new_step_starts"}})"
                           "\n";
  std::istringstream in(config_line + step + "rest");
  auto reader = TraceReader::open(in, "t");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader.value().next());
  std::string rest;
  in >> rest;
  EXPECT_EQ(rest, "rest");
}

TEST(TraceErrors, MessagesAreShortAndOnOneLine) {
  const std::string name(5000, 'x');
  const std::string controls = "a\\n\\u0000\\u0085\\u2028\\u009b";
  for (const std::string& line :
       {R"({"in":{"op":"state",")" + name + R"(":1}})", R"({"in":{"op":")" + controls + name + R"("}})",
        R"({"in":{"op":"state"},"out":{"ref_cnt":{")" + controls + R"(":1}}})", std::string(3000, '\xFF'),
        R"({")" + controls + R"(":{")" + name + R"(":{")" + name + R"(":[1e999]}}})"}) {
    const auto trace = read(config_line + line);
    ASSERT_FALSE(trace);
    const std::string& what = trace.error().error.what;
    EXPECT_LE(what.size(), max_error_bytes);
    for (std::size_t at = 0; at < what.size();) {
      const std::size_t length = utf8_sequence(what, at);
      ASSERT_NE(length, 0U) << "not UTF-8 at " << at;
      ASSERT_GE(static_cast<unsigned char>(what[at]), 0x20);
      at += length;
    }
    EXPECT_EQ(printable(what, max_error_bytes), what);
  }
}

// Every prefix of a valid line is refused, and every line with one byte changed is read or refused.
TEST(TraceErrors, DamagedLines) {
  BlockStored<Growing> stored{};
  stored.extra_keys =
      ExtraKeysList<Growing>{{{.kind = ExtraKeyKind::item, .text = "\xC3\xA9", .offset = -1, .digest = {}}}};
  stored.block_hashes.resize(2);
  TakeEvents<Growing>::Observation events{};
  events.events.emplace_back(stored);
  const std::string line = to_line({.command = TakeEvents<Growing>{}, .observation = events, .error = {}, .line = 0});
  ASSERT_TRUE(step_from_line(line));
  for (std::size_t length = 0; length < line.size(); ++length) {
    const auto step = step_from_line(line.substr(0, length));
    ASSERT_FALSE(step) << length;
    EXPECT_EQ(step.error().clause, Clause::trace_01);
  }
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (const char byte : {'\0', '"', '{', '}', '[', '9', '-', ',', '\\', '\x80', '\xFF'}) {
      std::string damaged = line;
      damaged[at] = byte;
      const auto step = step_from_line(damaged);
      if (step) {
        EXPECT_TRUE(step_from_line(to_line(step.value())));
      } else {
        EXPECT_FALSE(step.error().what.empty());
      }
    }
  }
}

}  // namespace
}  // namespace kvspec
