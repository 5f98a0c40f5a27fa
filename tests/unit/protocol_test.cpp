// The engine protocol's texts: what one side writes the other reads, and what is neither gets its clause.
#include "spec/trace/protocol.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace kvspec {
namespace {

using S = Growing;

EngineHello some_hello() {
  return {.engine = "some \"engine\"",
          .version = "1.2",
          .group_kinds = {GroupKind::full, GroupKind::mamba},
          .operations = {"new_request", "append", "get_computed_blocks", "allocate_slots", "free", "state"},
          .hash_fn = {HashFunction::sha256_cbor},
          .events = true,
          .errors = false};
}

// Covers: ENGINE-01
TEST(Protocol, AHelloIsReadAsItWasWritten) {
  const EngineHello hello = some_hello();
  const Decoded<EngineHello> read = hello_from_answer(hello_answer(hello));
  ASSERT_TRUE(read.ok()) << read.error().what;
  EXPECT_EQ(read.value().engine, hello.engine);
  EXPECT_EQ(read.value().version, hello.version);
  EXPECT_EQ(read.value().group_kinds, hello.group_kinds);
  EXPECT_EQ(read.value().operations, hello.operations);
  EXPECT_EQ(read.value().hash_fn, hello.hash_fn);
  EXPECT_TRUE(read.value().events);
  EXPECT_FALSE(read.value().errors);
  EXPECT_TRUE(read.value().has("state"));
  EXPECT_FALSE(read.value().has("take_events"));
}

// An engine that lists no options understands all; one that does understands what it lists.
// Covers: ENGINE-01
TEST(Protocol, AnOptionIsUnderstoodIfItIsListed) {
  AddRequest<S> salted{};
  salted.req = "r0";
  salted.cache_salt = "salt";
  AllocateSlots<S> ahead{};
  ahead.req = "r0";
  ahead.num_lookahead_tokens = 1;
  EngineHello hello = some_hello();
  EXPECT_FALSE(hello_from_answer(hello_answer(hello)).value().options.has_value());
  EXPECT_TRUE(hello.understands(Command<S>(salted)));
  EXPECT_TRUE(hello.understands(Command<S>(ahead)));
  hello.options = {"cache_salt"};
  const EngineHello read = hello_from_answer(hello_answer(hello)).value();
  EXPECT_EQ(read.options, hello.options);
  EXPECT_TRUE(read.understands(Command<S>(salted)));
  EXPECT_FALSE(read.understands(Command<S>(ahead)));
  ahead.num_lookahead_tokens = 0;
  EXPECT_TRUE(read.understands(Command<S>(ahead)));
  hello.options = {"beams"};
  EXPECT_NE(hello_from_answer(hello_answer(hello)).error().what.find("beams"), std::string::npos);
}

TEST(Protocol, AHelloSaysWhatIsWrongWithIt) {
  const auto error_of = [](EngineHello hello) { return hello_from_answer(hello_answer(hello)).error(); };
  EngineHello hello = some_hello();
  hello.operations.pop_back();
  hello.operations.pop_back();
  EXPECT_EQ(error_of(hello).clause, Clause::engine_01);
  EXPECT_NE(error_of(hello).what.find("free"), std::string::npos);
  hello = some_hello();
  hello.hash_fn.clear();
  EXPECT_NE(error_of(hello).what.find("hash_fn"), std::string::npos);
  for (const char* line : {R"({"hello":{}})", R"({"hello":{"protocol":2}})", R"({"hello":{"protocol":"1"}})",
                           R"({"hello":{"protocol":1,"engine":7}})",
                           R"({"hello":{"protocol":1,"engine":"e","version":"1","group_kinds":["other"]}})"}) {
    const Decoded<EngineHello> read = hello_from_answer(line);
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_EQ(read.error().clause, Clause::engine_01) << line;
  }
}

// Covers: ENGINE-02
TEST(Protocol, WhatIsNoAnswerIsNoAnswer) {
  for (const char* line :
       {"", "{", "3", "[]", "null", "{}", R"({"out":null})", R"({"config":"yes"})", "{\"out\":\xff}"}) {
    EXPECT_EQ(hello_from_answer(line).error().clause, Clause::engine_02) << line;
    EXPECT_EQ(config_from_answer(line).error().clause, Clause::engine_02) << line;
    EXPECT_EQ(observation_from_answer(line, DumpState<S>{}).error().clause, Clause::engine_02) << line;
    EXPECT_EQ(reset_from_answer(line).error().clause, Clause::engine_02) << line;
    EXPECT_EQ(request_from_line(R"({"other":1})").error().clause, Clause::engine_02);
  }
}

TEST(Protocol, AnswersAreReadAsTheyWereWritten) {
  const Command<S> command = Free<S>{.req = "r0", .drop = true};
  const auto observed = observation_from_answer(observation_answer(Free<S>::Observation{7}), command);
  ASSERT_TRUE(observed.ok()) << observed.error().what;
  EXPECT_EQ(std::get<Observation<S>>(observed.value()), Observation<S>(Free<S>::Observation{7}));
  const auto failed = observation_from_answer(error_answer({"AssertionError", "a \"word\""}), command);
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(std::get<RecordedError>(failed.value()), (RecordedError{"AssertionError", "a \"word\""}));
  const auto cannot = observation_from_answer(unsupported_answer("no"), command);
  ASSERT_TRUE(cannot.ok());
  EXPECT_EQ(std::get<Unsupported>(cannot.value()).why, "no");
  EXPECT_TRUE(std::holds_alternative<Done>(config_from_answer(config_answer()).value()));
  EXPECT_TRUE(reset_from_answer(reset_answer()).ok());
  // The body of another operation.
  EXPECT_EQ(observation_from_answer(R"({"out":{"result":true}})", command).error().clause, Clause::trace_04);
}

TEST(Protocol, RequestsAreReadAsTheyWereWritten) {
  const Config<S> config = single_group_config<S>(GroupKind::full, 4, 10);
  const auto read = [](const std::string& line) { return request_from_line(line).value(); };
  EXPECT_EQ(std::get<HelloRequest>(read(hello_request("kvspec"))).protocol, engine_protocol_version);
  EXPECT_EQ(std::get<Config<S>>(read(config_request(config))), config);
  const Command<S> command = Free<S>{.req = "r0", .drop = true};
  EXPECT_EQ(std::get<Command<S>>(read(command_request(command))), command);
  EXPECT_TRUE(std::holds_alternative<ResetRequest>(read(reset_request())));
}

}  // namespace
}  // namespace kvspec
