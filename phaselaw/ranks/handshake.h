// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// How rank 0 and a worker show each other that both know the token of the job, which never travels on the connection
// (docs/decisions/035-*.md). MAC is keyed BLAKE2b with 32 bytes (base/blake2b.h); a and b are 32 fresh random bytes.
//
//   rank 0 -> worker   challenge   magic, a
//   worker -> rank 0   answer      b, MAC(token, "proof of the worker", challenge, b)
//   rank 0 -> worker   proof       MAC(token, "proof of rank 0", challenge, b)
//
// The keys of the session are MAC(token, "from the worker", challenge, b) and MAC(token, "from rank 0", challenge, b).
// They differ for each connection and each direction, so messages cannot be replayed, reflected or moved.
namespace phaselaw::ranks {

inline constexpr std::size_t kTokenBytes = 32, kNonceBytes = 32, kMagicBytes = 16;
inline constexpr std::size_t kChallengeBytes = kMagicBytes + kNonceBytes;
inline constexpr std::size_t kAnswerBytes = kNonceBytes + 32;
inline constexpr std::size_t kProofBytes = 32;

struct SessionKeys {
  std::string outgoing, incoming;
};

// Rank 0's side of one connection.
class Challenger {
 public:
  explicit Challenger(std::string token);
  [[nodiscard]] const std::string& challenge() const { return challenge_; }
  // The proof to send, or nothing if the answer does not show that the other side knows the token.
  [[nodiscard]] std::optional<std::string> check(std::string_view answer);
  [[nodiscard]] SessionKeys keys() const;  // after a successful check

 private:
  std::string token_, challenge_, nonce_;
};

// The worker's side.
class Responder {
 public:
  explicit Responder(std::string token);
  // The answer to send, or nothing if `challenge` is not one.
  [[nodiscard]] std::optional<std::string> answer(std::string_view challenge);
  [[nodiscard]] bool check(std::string_view proof) const;
  [[nodiscard]] SessionKeys keys() const;  // after a successful check

 private:
  std::string token_, challenge_, nonce_;
};

}  // namespace phaselaw::ranks
