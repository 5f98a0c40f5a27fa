// The request table of the host implementation against a map.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

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
      ASSERT_TRUE(request.tokens.empty() && request.digests.empty() && request.keys.none() && !request.has_hit);
      ASSERT_EQ(request.tables.size(), 2U);
      const BlockTable& blocks = request.tables[0];
      ASSERT_FALSE(blocks.exists || blocks.cached || !blocks.blocks.empty() || blocks.last_state || blocks.num_cleared);
      ASSERT_FALSE(request.look_up || request.quiet.max_slots != 0);
      request.tokens.assign(3, i);
      request.digests.resize(1);
      request.keys.cache_salt = id;
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

}  // namespace
}  // namespace kvspec::host
