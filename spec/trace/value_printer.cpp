#include "spec/trace/value_printer.hpp"

#include "spec/trace/text.hpp"

namespace kvspec {

void ValuePrinter::write_members(const void* object, std::span<const MemberWriter> members) {
  bool first = true;
  for (const MemberWriter& member : members) {
    if (plain_ == Plain::left_out && member.is_plain(object)) continue;
    if (!first) out += ", ";
    first = false;
    out += member.name;
    out += '=';
    member.write(*this, object);
  }
}

void ValuePrinter::write(const Event<Growing>& event) {
  std::visit([&]<class T>(const T& value) { call(T::type, value); }, event);
}

void ValuePrinter::write(const std::string& value) { out += quote(value, max_text_bytes); }

void ValuePrinter::write(const Informative& value) { write(value.value); }

void ValuePrinter::write(const Digest& digest) { hex(digest.view()); }

void ValuePrinter::write(const BlockHash<Growing>& hash) { hex(hash); }

void ValuePrinter::write(const BlockKey<Growing>& key) {
  hex(key.hash);
  out += " of group " + std::to_string(key.group);
}

void ValuePrinter::write(const EventHash<Growing>& hash) {
  if (hash.is_integer) {
    write(hash.integer);
  } else {
    hex(hash.bytes);
  }
}

void ValuePrinter::write(const ExtraKey<Growing>& key) {
  switch (key.kind) {
    case ExtraKeyKind::text:
      return write(key.text);
    case ExtraKeyKind::lora:
    case ExtraKeyKind::salt:
      out += key.kind == ExtraKeyKind::lora ? "(\"lora\", " : "(\"salt\", ";
      write(key.text);
      out += ')';
      return;
    case ExtraKeyKind::digest:
      return write(key.digest);
    case ExtraKeyKind::item:
      out += '(';
      write(key.text);
      out += ", " + std::to_string(key.offset) + ')';
  }
}

void ValuePrinter::write(const PromptEmbeds<Growing>& embeds) {
  const std::size_t rows = embeds.width == 0 ? 0 : embeds.values.size() / embeds.width;
  out += std::to_string(rows) + 'x' + std::to_string(embeds.width);
  list(embeds.values);
}

void ValuePrinter::write(const Duplicates<Growing>& entry) {
  write(entry.key);
  out += ": ";
  write(entry.blocks);
}

void ValuePrinter::hex(std::span<const std::uint8_t> bytes) {
  out += "0x";
  append_hex(out, bytes);
}

}  // namespace kvspec
