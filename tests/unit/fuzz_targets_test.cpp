// The parts of the fuzz targets that do not need a fuzzer: the writers of CBOR and pickle that hashes are compared
// with, and mutation that keeps the structure of inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/encoding/hash_chain.hpp"
#include "fuzz/encoding/python_value.hpp"
#include "fuzz/random.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/targets/breeding.hpp"
#include "fuzz/targets/commands_input.hpp"
#include "fuzz/targets/targets.hpp"

namespace kvspec::fuzz {
namespace {

using S = Growing;

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

PythonValue number(std::int64_t value) { return {value}; }
PythonValue text(std::string value) { return {std::move(value)}; }
std::string cbor(const PythonValue& value) { return hex(to_cbor(value)); }
std::string pickle(const PythonValue& value) { return hex(to_pickle(value)); }

// Covers: HASH-02
TEST(Encoding, CborIsThatOfTheStandard) {
  EXPECT_EQ(cbor(number(0)), "00");
  EXPECT_EQ(cbor(number(23)), "17");
  EXPECT_EQ(cbor(number(24)), "1818");
  EXPECT_EQ(cbor(number(1000)), "1903e8");
  EXPECT_EQ(cbor(number(1000000)), "1a000f4240");
  EXPECT_EQ(cbor(number(1000000000000)), "1b000000e8d4a51000");
  EXPECT_EQ(cbor(number(-1)), "20");
  EXPECT_EQ(cbor(number(-1000)), "3903e7");
  EXPECT_EQ(cbor(number(std::numeric_limits<std::int64_t>::min())), "3b7fffffffffffffff");
  EXPECT_EQ(cbor(text("IETF")), "6449455446");
  EXPECT_EQ(cbor({PythonBytes{1, 2, 3, 4}}), "4401020304");
  EXPECT_EQ(cbor({PythonTuple{number(1), {PythonTuple{number(2), {PythonNone{}}}}}}), "82018202f6");
}

// Covers: HASH-03, HASH-04
TEST(Encoding, PickleIsThatOfTheText) {
  EXPECT_EQ(pickle(text("0")),
            "8005950500000000000000"
            "8c013094"
            "2e");
  EXPECT_EQ(pickle(number(255)), "80054bff2e");  // too short for a frame
  EXPECT_EQ(pickle(number(256)),
            "8005950400000000000000"
            "4d0001"
            "2e");
  EXPECT_EQ(pickle(number(-6)),
            "8005950600000000000000"
            "4afaffffff"
            "2e");
  EXPECT_EQ(pickle(number(std::int64_t{1} << 31)),
            "8005950800000000000000"
            "8a050000008000"
            "2e");
  EXPECT_EQ(pickle({PythonTuple{text("imgB"), number(2)}}),
            "8005950c00000000000000"
            "8c04696d674294"
            "4b02"
            "8694"
            "2e");
}

// Covers: HASH-05
TEST(Encoding, LongTextsStandOutsideOfFrames) {
  const std::vector<std::uint8_t> bytes = to_pickle(text(std::string(65536, 'a')));
  EXPECT_EQ(hex(std::span(bytes).first(8)),
            "8005"
            "5800000100"
            "61");
  EXPECT_EQ(hex(std::span(bytes).last(3)),
            "61"
            "94"
            "2e");
  EXPECT_EQ(bytes.size(), 2U + 5U + 65536U + 2U);
}

// Covers: HASH-01, HASH-14
TEST(Encoding, ChainsAreThoseOfTheText) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 8);
  AddRequest<S> request{};
  request.tokens = {1, 2, 3, 4};
  const auto digest = [&](HashFunction function) {
    config.hash_fn = function;
    return hex(hash_chain(config, request, request.tokens).at(0).view());
  };
  EXPECT_EQ(digest(HashFunction::sha256), "762b2e7e1520febd3a0aedb7358e8602facf3924440e18538fce057e23bae91d");
  EXPECT_EQ(digest(HashFunction::sha256_cbor), "c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb");
  EXPECT_EQ(digest(HashFunction::xxhash), "f3856cedd7e636094750c4546e855397");
  EXPECT_EQ(digest(HashFunction::xxhash_cbor), "0a8577df5ee3430515a8cc1f6e3ac52e");
}

// In the place of libFuzzer's mutator: one byte becomes another.
std::size_t one_byte_up(std::uint8_t* data, std::size_t size, std::size_t) {
  if (size > 0) ++data[size / 2];
  return size;
}

TEST(Breeding, InputsSurviveTheirBinaryForm) {
  Random random(1);
  CommandsInput input;
  for (int i = 0; i < 200; ++i) {
    mutate(random, input, one_byte_up);
    EXPECT_LE(input.config.num_blocks, most_blocks);
    input.commands.resize(std::min(input.commands.size(), most_commands));
    const CommandsInput again = decode_input(encode_input(input));
    EXPECT_TRUE(again.commands == input.commands) << i;  // a list of commands is too long to be printed
    EXPECT_EQ(again.config.num_blocks, input.config.num_blocks);
  }
}

TEST(Breeding, MutationMeetsEveryCommandAndKeepsMostConfigurationsValid) {
  Random random(2);
  CommandsInput input;
  std::set<std::size_t> commands;
  int valid = 0;
  constexpr int rounds = 1000;
  for (int i = 0; i < rounds; ++i) {
    mutate(random, input, one_byte_up);
    input.commands.resize(std::min(input.commands.size(), most_commands));
    for (const Command<S>& command : input.commands) commands.insert(command.index());
    valid += validate(input.config).ok() ? 1 : 0;
  }
  EXPECT_EQ(commands.size(), std::variant_size_v<Command<S>>);
  EXPECT_GT(valid, rounds / 2);
}

TEST(Breeding, ACrossHasTheConfigurationAndStartOfOneAndTheEndOfTheOther) {
  CommandsInput first;
  first.config.num_blocks = 5;
  first.commands.assign(8, NewStepStarts<S>{});
  CommandsInput second;
  second.commands.assign(8, TakeEvents<S>{});
  Random random(3);
  std::set<std::size_t> lengths;
  for (int i = 0; i < 100; ++i) {
    const CommandsInput child = cross(random, first, second);
    EXPECT_EQ(child.config, first.config);
    EXPECT_TRUE(std::ranges::is_sorted(child.commands, {}, [](const auto& c) { return c.index(); }));
    lengths.insert(child.commands.size());
  }
  EXPECT_GT(lengths.size(), 8U);
}

TEST(Breeding, AnEncodingStopsAtTheLastCommandThatFits) {
  CommandsInput input;
  input.commands.assign(8, NewStepStarts<S>{});
  const std::size_t whole = encode_input(input).size();
  EXPECT_EQ(encode_input(input, whole - 3).size(), whole - 3);
  EXPECT_TRUE(encode_input(input, 3).empty());
}

TEST(Targets, EachRunsAndShowsTheEmptyInput) {
  for (const Target& target : targets()) {
    EXPECT_EQ(find_target(target.name), &target);
    target.run({});
    EXPECT_EQ(target.show({}).empty(), target.name == "trace") << target.name;
  }
  EXPECT_EQ(find_target("nothing"), nullptr);
}

TEST(Targets, AFindingAborts) {
  EXPECT_DEATH(require(false, "what is wrong", "and where"), "what is wrong: and where");
  require(true, "nothing is wrong");
}

}  // namespace
}  // namespace kvspec::fuzz
