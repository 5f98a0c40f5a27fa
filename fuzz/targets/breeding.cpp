#include "fuzz/targets/breeding.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/configuration.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/scheduler.hpp"
#include "impl/host/manager.hpp"
#include "spec/reflect.hpp"
#include "spec/trace/bytes.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

constexpr std::uint32_t most_scheduled = 48;  // commands at a time

auto place(Commands& commands, std::size_t i) { return commands.begin() + static_cast<std::ptrdiff_t>(i); }
std::size_t somewhere(Random& random, const Commands& commands) {
  return random.below(static_cast<std::uint32_t>(commands.size() + 1));
}
void insert(Commands& commands, std::size_t at, const Commands& more) {
  commands.insert(place(commands, at), more.begin(), more.end());
}

// ---- Numbers ----

// f(number) for each integer in a value; of a long list, those in its first elements.
template <class T, class F>
void for_each_number(T& value, F& f) {
  constexpr std::size_t few = 8;
  if constexpr (std::same_as<T, bool> || std::is_enum_v<T> || std::is_floating_point_v<T>) {
    return;
  } else if constexpr (std::integral<T>) {
    f(value);
  } else if constexpr (is_optional<T>) {
    if (value) for_each_number(*value, f);
  } else if constexpr (Reflected<T>) {
    for_each_member(value, [&](std::string_view, auto& member) { for_each_number(member, f); });
  } else if constexpr (requires { typename T::value_type; } && !std::same_as<T, std::string>) {
    for (std::size_t i = 0; i < std::min(value.size(), few); ++i) for_each_number(value[i], f);
  }
}

// Where an off-by-one would show: the sizes of the configuration.
std::int64_t boundary(Random& random, const Config<S>& config) {
  std::vector<std::int64_t> sizes{0,
                                  config.hash_block_size,
                                  config.scheduler_block_size,
                                  config.num_blocks,
                                  config.max_model_len,
                                  config.max_num_batched_tokens.value_or(1),
                                  config.retention_interval.value_or(1)};
  for (const GroupSpec& group : config.groups) {
    sizes.push_back(group.block_size);
    sizes.push_back(group.sliding_window.value_or(2));
    sizes.push_back(group.attention_chunk_size.value_or(2));
    sizes.push_back(group.num_speculative_blocks.value_or(2));
  }
  const std::int64_t size = sizes[random.below(static_cast<std::uint32_t>(sizes.size()))];
  constexpr std::int64_t far = std::int64_t{1} << 40;
  if (random.chance(1, 16)) return std::numeric_limits<std::int64_t>::max();
  if (size < -far || size > far) return size;
  return size * random.between(1, 3) + random.between(-1, 1);
}

// One number of the value goes to a boundary, or one up, or one down.
template <class T>
void change_number(Random& random, T& value, const Config<S>& config) {
  std::uint32_t count = 0;
  const auto counting = [&](auto&) { ++count; };
  for_each_number(value, counting);
  if (count == 0) return;
  const std::uint32_t chosen = random.below(count);
  const std::int64_t target = boundary(random, config);
  const std::uint32_t how = random.below(4);
  std::uint32_t i = 0;
  const auto changing = [&]<class N>(N& number) {
    if (i++ != chosen) return;
    if (how == 0) {
      number = static_cast<N>(static_cast<std::uint64_t>(number) + 1);
    } else if (how == 1) {
      number = static_cast<N>(static_cast<std::uint64_t>(number) - 1);
    } else {
      number = static_cast<N>(target);
    }
  };
  for_each_number(value, changing);
}

// ---- Requests ----

template <class T>
const T* some(Random& random, const Commands& commands) {
  std::vector<const T*> all;
  for (const Command<S>& command : commands) {
    if (const T* one = std::get_if<T>(&command)) all.push_back(one);
  }
  return all.empty() ? nullptr : all[random.below(static_cast<std::uint32_t>(all.size()))];
}

// The command is about another request.
void rename(Random& random, Command<S>& command, const Commands& commands) {
  const AddRequest<S>* other = some<AddRequest<S>>(random, commands);
  if (other == nullptr) return;
  const RequestId<S> name = other->req;
  std::visit(
      [&](auto& c) {
        if constexpr (requires { c.req; }) c.req = name;
      },
      command);
}

// A request begins as another one does, up to a boundary.
void share_prefix(Random& random, Commands& commands, const Config<S>& config) {
  const AddRequest<S>* from = some<AddRequest<S>>(random, commands);
  if (from == nullptr) return;
  const TokenList<S> tokens = from->tokens;
  std::vector<AddRequest<S>*> requests;
  for (Command<S>& command : commands) {
    if (AddRequest<S>* request = std::get_if<AddRequest<S>>(&command)) requests.push_back(request);
  }
  AddRequest<S>& to = *requests[random.below(static_cast<std::uint32_t>(requests.size()))];
  const std::int64_t most = static_cast<std::int64_t>(tokens.size());
  const std::size_t shared = static_cast<std::size_t>(std::clamp<std::int64_t>(boundary(random, config), 0, most));
  TokenList<S> mixed(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(shared));
  if (to.tokens.size() > shared) {
    mixed.insert(mixed.end(), to.tokens.begin() + static_cast<std::ptrdiff_t>(shared), to.tokens.end());
  }
  to.tokens = std::move(mixed);
  to.prompt_embeds.reset();
}

// ---- Commands ----

// What a plausible scheduler does with the configuration, from the start. The host answers it.
Commands scheduled(Random& random, const Config<S>& config) {
  Result<host::Manager> created = host::Manager::create(config);
  if (!created) return {};
  Scheduler scheduler({.config = config, .features = random_features(random), .seed = random.next()});
  Commands commands;
  for (std::uint32_t i = 1 + random.below(most_scheduled); i > 0; --i) {
    const Command<S>& command = scheduler.next();
    commands.push_back(command);
    std::visit([&](const auto& c) { scheduler.observe(c, created.value().step(c)); }, command);
  }
  return commands;
}

void mutate_argument(Command<S>& command, MutateBytes mutate_bytes) {
  std::vector<std::uint8_t> bytes;
  encode_command(command, bytes);
  const std::size_t size = bytes.size();
  bytes.resize(size + 16);
  bytes.resize(mutate_bytes(bytes.data(), size, bytes.size()));
  ByteSource source(bytes);
  command = decode_command(source);
}

void mutate_commands(Random& random, CommandsInput& input, MutateBytes mutate_bytes) {
  Commands& commands = input.commands;
  const std::uint32_t size = static_cast<std::uint32_t>(commands.size());
  const std::size_t at = random.below(size);
  const std::size_t other = random.below(size);
  const auto [first, last] = std::minmax(at, other);
  switch (random.below(14)) {
    case 0:
      return insert(commands, somewhere(random, commands), scheduled(random, input.config));
    case 1:
      commands = scheduled(random, input.config);
      return;
    case 2:
    case 3:
      commands.erase(place(commands, at));
      return;
    case 4:
      commands.erase(place(commands, first), place(commands, last));
      return;
    case 5: {
      const Command<S> copy = commands[other];
      commands.insert(place(commands, at), copy);
      return;
    }
    case 6:
      return std::swap(commands[at], commands[other]);
    case 7: {  // a stretch once more
      const Commands stretch(place(commands, first), place(commands, last));
      return insert(commands, somewhere(random, commands), stretch);
    }
    case 8:
      return rename(random, commands[at], commands);
    case 9:
      return share_prefix(random, commands, input.config);
    case 10:
      return mutate_config(random, input.config, mutate_bytes);
    case 11:
      return mutate_argument(commands[at], mutate_bytes);
    default:
      return std::visit([&](auto& c) { change_number(random, c, input.config); }, commands[at]);
  }
}

}  // namespace

void mutate_config(Random& random, Config<S>& config, MutateBytes mutate_bytes) {
  switch (random.below(4)) {
    case 0: {
      const auto all = presets();
      config = make_scenario(all[random.below(static_cast<std::uint32_t>(all.size()))], random.next()).config;
      return;
    }
    case 1:
      if (validate(config).ok()) return spoil(config, random);  // one that is spoilt already may have any numbers
      return change_number(random, config, Config<S>(config));
    case 2:
      return change_number(random, config, Config<S>(config));
    default: {
      std::vector<std::uint8_t> bytes;
      encode_config(config, bytes);
      bytes.resize(mutate_bytes(bytes.data(), bytes.size(), bytes.size()));
      ByteSource source(bytes);
      config = decode_config(source);
    }
  }
}

namespace {

// Embeddings are rows of one width: what is left over when the width has changed has no binary form.
void keep_whole_rows(Commands& commands) {
  for (Command<S>& command : commands) {
    auto* const add = std::get_if<AddRequest<S>>(&command);
    if (add == nullptr || !add->prompt_embeds) continue;
    PromptEmbeds<S>& embeds = *add->prompt_embeds;
    embeds.values.resize(embeds.width == 0 ? 0 : embeds.values.size() / embeds.width * embeds.width);
  }
}

}  // namespace

void mutate(Random& random, CommandsInput& input, MutateBytes mutate_bytes) {
  if (!validate(input.config).ok() && random.chance(7, 8)) mutate_config(random, input.config, mutate_bytes);
  tame(input.config);
  if (input.commands.empty()) {
    input.commands = scheduled(random, input.config);
  } else {
    mutate_commands(random, input, mutate_bytes);
    keep_whole_rows(input.commands);
  }
  tame(input.config);
}

CommandsInput cross(Random& random, const CommandsInput& first, const CommandsInput& second) {
  CommandsInput child = first;
  child.commands.resize(somewhere(random, child.commands));
  const std::size_t from = somewhere(random, second.commands);
  child.commands.insert(child.commands.end(), second.commands.begin() + static_cast<std::ptrdiff_t>(from),
                        second.commands.end());
  return child;
}

}  // namespace kvspec::fuzz
