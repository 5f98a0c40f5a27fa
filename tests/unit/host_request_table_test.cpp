// The request table of the host implementation against a map.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

#include "impl/host/request_table.hpp"

namespace kvspec::host {
namespace {

// Covers: REQ-01, REQ-02, FREE-03
TEST(HostRequestTable, BehavesAsAMap) {
  RequestTable table;
  std::map<std::string, RequestHandle> oracle;
  std::mt19937 random(11);
  EXPECT_EQ(table.find("r0"), std::nullopt);
  for (int i = 0; i < 20000; ++i) {
    const std::string id = "r" + std::to_string(random() % (i < 10000 ? 300 : 20));
    const auto known = oracle.find(id);
    ASSERT_EQ(table.find(id).has_value(), known != oracle.end());
    if (known == oracle.end()) {
      const RequestHandle handle = table.add(id, 2);
      Request& request = table[handle];
      ASSERT_EQ(request.id, id);
      ASSERT_TRUE(request.tokens.empty() && request.digests.empty() && !request.has_hit);
      const KeySources& keys = request.keys;
      ASSERT_TRUE(!keys.has_lora && keys.lora_name.empty() && keys.cache_salt.empty());
      ASSERT_TRUE(keys.items.empty() && !keys.has_embeds && keys.embeds.empty());
      ASSERT_EQ(request.tables.size(), 2U);
      const BlockTable& blocks = request.tables[0];
      ASSERT_FALSE(blocks.exists || blocks.cached || !blocks.blocks.empty() || blocks.last_state || blocks.num_cleared);
      ASSERT_FALSE(request.look_up || request.quiet.max_slots != 0);
      request.tokens.assign(3, i);
      request.digests.resize(1);
      request.keys = {.has_lora = true, .lora_name = id, .cache_salt = id, .has_embeds = true, .embeds = {1.0F}};
      request.keys.items.push_back({id, 0, 1});
      request.tables[0] = {
          .blocks = {1, 2}, .cached = 1, .exists = true, .last_state = 1, .num_cleared = 1, .num_added = 2};
      request.look_up = LookUp{};
      request.quiet.max_slots = 1;
      request.has_hit = true;
      oracle[id] = handle;
    } else {
      ASSERT_EQ(*table.find(id), known->second);
      ASSERT_EQ(table[known->second].keys.cache_salt, id);
      if (random() % 2 == 0) {
        table.erase(known->second);
        oracle.erase(known);
      }
    }
    ASSERT_EQ(table.size(), oracle.size());
  }
  std::map<std::string, RequestHandle> walked;
  table.each([&](const Request& request) { walked[request.id] = *table.find(request.id); });
  EXPECT_EQ(walked, oracle);
}

// Ids are told apart even if their hashes, of which the table keeps 32 bits, are equal.
// Covers: REQ-01, REQ-02
TEST(HostRequestTable, HashesMayBeEqual) {
  const auto hash = [](const std::string& id) {
    const std::uint64_t whole = std::hash<std::string_view>()(id);
    return static_cast<std::uint32_t>(whole ^ whole >> 32);
  };
  std::unordered_map<std::uint32_t, std::string> ids;
  std::string one;
  std::string other;
  for (int i = 0; one.empty() && i < 1000000; ++i) {
    const std::string id = "r" + std::to_string(i);
    const auto [known, is_new] = ids.emplace(hash(id), id);
    if (is_new) continue;
    one = known->second;
    other = id;
  }
  ASSERT_NE(one, other);
  RequestTable table;
  const RequestHandle handle = table.add(one, 1);
  EXPECT_EQ(table.find(other), std::nullopt);
  const RequestHandle second = table.add(other, 1);
  EXPECT_EQ(table.find(one), handle);
  EXPECT_EQ(table.find(other), second);
  table.erase(handle);
  EXPECT_EQ(table.find(one), std::nullopt);
  EXPECT_EQ(table.find(other), second);
}

}  // namespace
}  // namespace kvspec::host
