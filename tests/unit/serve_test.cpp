// The other side of the protocol: one answer per line, whatever the line is and whatever becomes of the engine.
#include "model/oracle/serve.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "model/oracle/command.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/trace/protocol.hpp"

namespace kvspec {
namespace {

using S = Growing;

// Has no memory for anything that it is asked.
class Exhausted : public oracle::Engine {
 public:
  Result<Observation<S>> step(const Command<S>&) override { throw std::bad_alloc(); }
  View<S> view() const override { return {}; }
};

std::vector<std::string> answers(const std::string& requests, const oracle::NamedEngine& engine,
                                 std::size_t max_line_bytes = max_trace_line_bytes) {
  std::istringstream in(requests);
  std::ostringstream out;
  EXPECT_EQ(oracle::serve(in, out, engine, {}, max_line_bytes), oracle::exit_equal);
  std::istringstream written(out.str());
  std::vector<std::string> lines;
  for (std::string line; std::getline(written, line);) lines.push_back(line);
  return lines;
}

std::string configured() { return config_request(single_group_config<S>(GroupKind::full, 4, 10)) + '\n'; }
std::string asked() { return command_request(GetBlockIds<S>{.req = "r0"}) + '\n'; }

std::string error_type(const std::string& answer) {
  const auto decoded = observation_from_answer(answer, GetBlockIds<S>{.req = "r0"});
  if (!decoded || !std::holds_alternative<RecordedError>(decoded.value())) return answer;
  return std::get<RecordedError>(decoded.value()).type;
}

// Covers: TRACE-07
TEST(Serve, MemoryThatDoesNotSufficeIsAnAnswer) {
  const oracle::NamedEngine steps{"exhausted", [](const Config<S>&) -> Result<std::unique_ptr<oracle::Engine>> {
                                    return std::unique_ptr<oracle::Engine>(std::make_unique<Exhausted>());
                                  }};
  const auto stepped = answers(configured() + asked() + asked(), steps);
  ASSERT_EQ(stepped.size(), 3U);
  EXPECT_EQ(stepped[0], config_answer());
  EXPECT_EQ(error_type(stepped[1]), "TRACE-07");
  EXPECT_EQ(error_type(stepped[2]), "ENGINE-02");  // what was left of the engine is gone

  const oracle::NamedEngine makes{
      "exhausted", [](const Config<S>&) -> Result<std::unique_ptr<oracle::Engine>> { throw std::bad_alloc(); }};
  const auto made = answers(configured() + reset_request() + '\n', makes);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(error_type(made[0]), "TRACE-07");
  EXPECT_EQ(made[1], reset_answer());
}

// Covers: TRACE-01
TEST(Serve, ALineThatIsTooLongIsAnsweredAndPassedOver) {
  const oracle::NamedEngine model{"model", oracle::model_engine()};
  const std::string reset = reset_request();
  const auto answered = answers(std::string(2000, '[') + '\n' + reset + '\n' + std::string(2000, ' '), model, 1000);
  ASSERT_EQ(answered.size(), 3U);
  EXPECT_EQ(error_type(answered[0]), "TRACE-01");
  EXPECT_EQ(answered[1], reset_answer());
  EXPECT_EQ(error_type(answered[2]), "TRACE-01");
  // A line that is as long as it may be.
  EXPECT_EQ(answers(reset, model, reset.size()), std::vector{reset_answer()});
  EXPECT_EQ(error_type(answers(reset, model, reset.size() - 1).at(0)), "TRACE-01");
}

}  // namespace
}  // namespace kvspec
