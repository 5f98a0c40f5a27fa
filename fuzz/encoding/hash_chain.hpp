// The hashes of a request, reckoned from the clauses once more: what each block covers as a value of Python, its bytes,
// and their digest by OpenSSL or xxHash. Sound semantics.
#pragma once

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz {

// One digest for each full block of hash_block_size of the `tokens`, the first of which are those the request came
// with. Preconditions: the configuration and the request are valid, and caching is on. [HASH-01 .. HASH-14]
DigestList<Growing> hash_chain(const Config<Growing>& config, const AddRequest<Growing>& request,
                               const TokenList<Growing>& tokens);

}  // namespace kvspec::fuzz
