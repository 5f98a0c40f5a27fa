// The hash encodings. An input is a request with the tokens that are appended to it; the digests that model and host
// answer with are compared with those of fuzz/encoding/, which shares no code with either.
//
//   hash function, size class of a block, repetitions of tokens (two bytes), repetitions of texts, hash_bits or none,
//   none hash or none: a byte or a few each; then commands, of which the first AddRequest and each AppendTokens count
#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <variant>

#include "fuzz/encoding/hash_chain.hpp"
#include "fuzz/targets/commands_input.hpp"
#include "fuzz/targets/targets.hpp"
#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/reflect.hpp"
#include "spec/trace/bytes.hpp"
#include "spec/trace/print.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

// Blocks of a few tokens, of usual sizes, and of so many that a pickle has several frames.
constexpr std::array<std::int64_t, 16> block_sizes{1, 2, 3, 4, 5, 7, 8, 16, 32, 64, 128, 256, 1024, 8192, 16384, 20000};
constexpr std::size_t most_tokens = 50000;
// Whatever the input, a second's work under sanitizers.
constexpr std::size_t most_blocks = 2048;
constexpr std::size_t most_text_hashed = std::size_t{1} << 22;  // bytes, in all blocks together
constexpr std::size_t most_text = 70000;                        // bytes; from 65536 on a text stands outside of a frame
constexpr std::size_t most_commands_of_input = 8;

struct HashingInput {
  Config<S> config{};
  std::optional<AddRequest<S>> request{};
  std::vector<AppendTokens<S>> appended{};
};

template <class List>
void repeat(List& list, std::size_t times, std::size_t most) {
  const List once = list;
  for (std::size_t i = 1; i < times && list.size() + once.size() <= most; ++i) {
    list.insert(list.end(), once.begin(), once.end());
  }
}

// The tokens of all commands together stay within bounds, and so does the name that every block has in its keys.
void enlarge(HashingInput& input, std::size_t tokens_times, std::size_t texts_times) {
  const std::size_t size = static_cast<std::size_t>(input.config.hash_block_size);
  std::size_t room = std::min(most_tokens, most_blocks * size);
  const auto enlarge_tokens = [&](TokenList<S>& tokens) {
    repeat(tokens, tokens_times, room);
    room -= std::min(room, tokens.size());
  };
  AddRequest<S>& request = *input.request;
  if (!request.prompt_embeds) enlarge_tokens(request.tokens);
  for (AppendTokens<S>& append : input.appended) enlarge_tokens(append.tokens);
  if (request.cache_salt) repeat(*request.cache_salt, texts_times, most_text);
  std::size_t num_tokens = request.tokens.size();
  for (const AppendTokens<S>& append : input.appended) num_tokens += append.tokens.size();
  if (request.lora)
    repeat(request.lora->name, texts_times, std::min(most_text, most_text_hashed / (num_tokens / size + 1)));
}

HashingInput decode_hashing(InputBytes bytes) {
  ByteSource source(bytes);
  HashingInput input;
  input.config = single_group_config<S>(GroupKind::full, 1, 2, config_limits::max_tokens);
  input.config.hash_fn = static_cast<HashFunction>(source.next() % 4);
  const std::int64_t size = block_sizes[source.next() % block_sizes.size()];
  input.config.hash_block_size = size;
  input.config.scheduler_block_size = size;
  input.config.groups[0].block_size = size;
  const std::size_t low = source.next();
  const std::size_t tokens_times = low + 256U * source.next();
  const std::size_t texts_times = std::size_t{1} << (source.next() % 17);
  const std::uint8_t bits = source.next();
  if (bits != 0) input.config.hash_bits = bits;
  const std::uint8_t none_hash = source.next();
  if (none_hash % 4 != 0) {
    Digest& digest = input.config.none_hash.emplace();
    digest.size = none_hash % 4 == 1 ? 16 : 32;
    for (std::size_t i = 0; i < digest.size; ++i) digest.bytes[i] = source.next();
  }
  for (std::size_t i = 0; i < most_commands_of_input && !source.empty(); ++i) {
    const Command<S> command = decode_command(source);
    if (const auto* request = std::get_if<AddRequest<S>>(&command); request != nullptr && !input.request) {
      input.request = *request;
    } else if (const auto* append = std::get_if<AppendTokens<S>>(&command); append != nullptr && input.request) {
      input.appended.push_back(*append);
      input.appended.back().req = input.request->req;
    }
  }
  if (input.request) enlarge(input, tokens_times, texts_times);
  return input;
}

template <class System>
std::optional<DigestList<S>> digests_of(const HashingInput& input, TokenList<S>& tokens) {
  Result<System> system = System::create(input.config);
  require(system.ok(), "a configuration made to be valid is refused");
  const auto created = system.value().step(*input.request);
  if (!created) return {};
  DigestList<S> digests = created.value().block_hashes;
  tokens = input.request->tokens;
  for (const AppendTokens<S>& append : input.appended) {
    const auto appended = system.value().step(append);
    require(appended.ok(), "tokens are not appended", to_text(append));
    const DigestList<S>& more = appended.value().new_block_hashes;
    digests.insert(digests.end(), more.begin(), more.end());
    tokens.insert(tokens.end(), append.tokens.begin(), append.tokens.end());
  }
  return digests;
}

}  // namespace

void run_hashing_input(InputBytes bytes) {
  const HashingInput input = decode_hashing(bytes);
  if (!input.request) return;
  TokenList<S> tokens;
  const auto by_model = digests_of<model::HostModel>(input, tokens);
  const auto by_host = digests_of<host::Manager>(input, tokens);
  require(by_model.has_value() == by_host.has_value(), "one refuses the request", to_text(*input.request));
  if (!by_model) return;
  const DigestList<S> expected = hash_chain(input.config, *input.request, tokens);
  require(*by_model == expected, "the model hashes otherwise", to_text(*input.request));
  require(*by_host == expected, "the host hashes otherwise", to_text(*input.request));
}

std::string show_hashing_input(InputBytes bytes) {
  const HashingInput input = decode_hashing(bytes);
  CommandsInput commands{.config = input.config, .commands = {}};
  if (input.request) commands.commands.emplace_back(*input.request);
  for (const AppendTokens<S>& append : input.appended) commands.commands.emplace_back(append);
  return to_trace_text(commands);
}

}  // namespace kvspec::fuzz
