// The binary form: total on every byte string, without loss on what it wrote.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "fuzz/arbitrary.hpp"
#include "spec/trace/bytes.hpp"
#include "spec/trace/json.hpp"

namespace kvspec {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes encoded(const Command<Growing>& command) {
  Bytes bytes;
  encode_command(command, bytes);
  return bytes;
}

Command<Growing> decoded(const Bytes& bytes) {
  ByteSource source(bytes);
  return decode_command(source);
}

RC_GTEST_PROP(TraceBytes, CommandsSurvive, ()) {
  const auto commands = *fuzz::any_commands();
  Bytes bytes;
  for (const auto& command : commands) encode_command(command, bytes);
  ByteSource source(bytes);
  for (const auto& command : commands) RC_ASSERT(decode_command(source) == command);
  RC_ASSERT(source.empty());
}

RC_GTEST_PROP(TraceBytes, ConfigurationsSurviveButForTheDriver, ()) {
  auto config = *fuzz::any_config();
  Bytes bytes;
  encode_config(config, bytes);
  ByteSource source(bytes);
  config.driver.reset();
  RC_ASSERT(decode_config(source) == config);
  RC_ASSERT(source.empty());
}

// Whatever the bytes are, the command is one that a trace can hold and that encodes again.
RC_GTEST_PROP(TraceBytes, EveryByteStringIsACommand, (const Bytes& bytes)) {
  const Command<Growing> command = decoded(bytes);
  RC_ASSERT(decoded(encoded(command)) == command);
  const auto again = command_from_json(to_json(command));
  RC_ASSERT(again.ok());
  RC_ASSERT(again.value() == command);
  ByteSource source(bytes);
  const Config<Growing> config = decode_config(source);
  const auto config_again = config_from_json(to_json(config));
  RC_ASSERT(config_again.ok());
  RC_ASSERT(config_again.value() == config);
}

TEST(TraceBytes, AnEmptySourceIsAPlainCommand) {
  AddRequest<Growing> plain{};
  plain.req = "r0";
  EXPECT_EQ(decoded({}), Command<Growing>(plain));
}

TEST(TraceBytes, IsCompact) {
  AllocateSlots<Growing> allocate{};
  allocate.req = "r3";
  allocate.num_new_tokens = 16;
  EXPECT_EQ(encoded(allocate), (Bytes{3, 3, 0, 16, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(TraceBytes, Integers) {
  for (const Token token :
       {Token{0}, Token{223}, Token{224}, Token{255}, Token{256}, Token{65536}, Token{-1}, Token{-16}, Token{-17},
        std::numeric_limits<Token>::max(), std::numeric_limits<Token>::min()}) {
    const Command<Growing> command = AppendTokens<Growing>{"r0", {token}};
    EXPECT_EQ(decoded(encoded(command)), command) << token;
  }
  for (const BlockId block : {0U, 223U, 224U, 239U, 240U, 255U, 65536U, 4294967295U}) {
    const Command<Growing> command = EvictBlocks<Growing>{{block}};
    EXPECT_EQ(decoded(encoded(command)), command) << block;
  }
  // One byte is enough for a number at the edge of its type.
  EXPECT_EQ(decoded({7, 1, 0xF8}), (Command<Growing>(EvictBlocks<Growing>{{4294967295U}})));
  EXPECT_EQ(decoded({1, 0, 1, 0xF8}),
            (Command<Growing>(AppendTokens<Growing>{"r0", {std::numeric_limits<Token>::max()}})));
  EXPECT_EQ(decoded({1, 0, 1, 0xE0}), (Command<Growing>(AppendTokens<Growing>{"r0", {-1}})));
}

// A length that the bytes do not cover costs nothing.
TEST(TraceBytes, HugeLengthsAreHarmless) {
  EXPECT_EQ(decoded({7, 0xF8, 1, 2}), (Command<Growing>(EvictBlocks<Growing>{{1, 2}})));
  EXPECT_EQ(decoded({1, 0x80, 0xF8, 'a', 'b'}), (Command<Growing>(AppendTokens<Growing>{"ab", {}})));
}

TEST(TraceBytes, Texts) {
  for (const char* id : {"", "r", "r0", "r00", "r127", "r128", "r-1", "r1x", "x1", "\xC3\xA9", "r99999999999"}) {
    const Command<Growing> command = Free<Growing>{id, true};
    EXPECT_EQ(decoded(encoded(command)), command) << id;
  }
  EXPECT_EQ(encoded(Free<Growing>{"r127", false}).size(), 3U);
}

}  // namespace
}  // namespace kvspec
