#include "spec/trace/json_value.hpp"

#include <string>
#include <vector>

#include "spec/trace/path.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

// Receives the parser's tokens and builds the value, so that duplicates, depth and oversized integers are seen. The
// parser itself keeps no stack of calls, so the depth of the input costs no stack here either.
class Builder {
 public:
  json root;
  std::optional<TraceError> error;

  bool null() { return place(nullptr); }
  bool boolean(bool value) { return place(value); }
  bool number_integer(json::number_integer_t value) { return place(value); }
  bool number_unsigned(json::number_unsigned_t value) { return place(value); }
  bool number_float(json::number_float_t value, const std::string& literal) {
    // A literal without point and exponent comes here only if no 64-bit integer holds it.
    const bool integer = literal.find_first_of(".eE") == std::string::npos;
    if (!integer) return place(value);
    return place(json::binary({literal.begin(), literal.end()}));
  }
  bool string(std::string& value) { return place(std::move(value)); }
  bool binary(json::binary_t&) { return false; }

  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    json::object_t& object = open_.back()->get_ref<json::object_t&>();
    const auto [member, fresh] = object.try_emplace(std::move(name));
    if (!fresh) {
      return fail(Clause::trace_04, place_of_container() + ": the member " + quote(member->first) + " is given twice");
    }
    names_.back() = &member->first;
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token, const json::exception& cause) {
    constexpr int number_overflow = 406;
    if (cause.id == number_overflow) {
      return fail(Clause::trace_05, place_of_value() + ": " + cut(token, 60) + " is beyond every double");
    }
    // "[json...] parse error at line 1, column 7: syntax error ...": what follows the column is the reason.
    std::string_view reason = cause.what();
    const std::size_t column = reason.find("column ");
    const std::size_t colon = column == reason.npos ? column : reason.find(": ", column);
    if (colon != reason.npos) reason.remove_prefix(colon + 2);
    return fail(Clause::trace_01, "byte " + std::to_string(position) + ": " + std::string(reason));
  }

 private:
  // Where a new value goes: the root, the end of the open list, or the member whose key was read last.
  json* target() {
    if (open_.empty()) return &root;
    if (!open_.back()->is_array()) return member_;
    return &open_.back()->get_ref<json::array_t&>().emplace_back();
  }
  bool place(json value) {
    *target() = std::move(value);
    return true;
  }
  bool open(json container) {
    if (open_.size() == max_json_depth) {
      return fail(Clause::trace_01, "the value is nested deeper than " + std::to_string(max_json_depth) + " levels");
    }
    json* const place = target();
    *place = std::move(container);
    open_.push_back(place);  // stays valid: its parent does not grow before it is closed
    names_.push_back(nullptr);
    return true;
  }
  bool close() {
    open_.pop_back();
    names_.pop_back();
    return true;
  }
  bool fail(Clause clause, const std::string& what) {
    error = trace_error(clause, what);
    return false;
  }

  // The path of the value that is being read, e.g. in.tokens[3]; or of the innermost open container.
  std::string place_of_value() const { return place_text(open_.size()); }
  std::string place_of_container() const { return place_text(open_.empty() ? 0 : open_.size() - 1); }
  std::string place_text(std::size_t levels) const {
    std::string out;
    for (std::size_t i = 0; i < levels; ++i) {
      if (open_[i]->is_array()) {
        const bool child_is_open = i + 1 < open_.size();
        out += '[' + std::to_string(open_[i]->size() - (child_is_open ? 1 : 0)) + ']';
      } else if (names_[i] != nullptr) {
        if (!out.empty()) out += '.';
        out += cut(*names_[i], 60);
      }
    }
    return out.empty() ? "the line" : out;
  }

  std::vector<json*> open_;
  std::vector<const std::string*> names_;  // for each open object the member that is being read
  json* member_ = nullptr;
};

}  // namespace

Decoded<json> parse_json(std::string_view text) {
  // The parser takes NUL for the end of the input and skips a byte order mark.
  if (text.find('\0') != text.npos) {
    return trace_error(Clause::trace_01, "byte " + std::to_string(text.find('\0') + 1) + ": the text has a NUL");
  }
  if (text.starts_with("\xEF\xBB\xBF")) return trace_error(Clause::trace_01, "the text begins with a byte order mark");
  Builder builder;
  if (json::sax_parse(text.begin(), text.end(), &builder) && !builder.error) return std::move(builder.root);
  if (builder.error) return *builder.error;
  return trace_error(Clause::trace_01, "the text is not JSON");
}

std::string describe_json(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "a list";
    case json::value_t::string:
      return quote(value.get_ref<const std::string&>());
    case json::value_t::binary: {
      const json::binary_t& digits = value.get_binary();
      return cut(std::string(digits.begin(), digits.end()), 60);
    }
    default:
      return value.dump();
  }
}

}  // namespace kvspec
