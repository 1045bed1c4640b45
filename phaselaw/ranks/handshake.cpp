// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/handshake.h"

#include <utility>

#include "phaselaw/base/blake2b.h"

namespace phaselaw::ranks {

namespace {

constexpr std::string_view kMagic = "phaselaw ranks 2";
static_assert(kMagic.size() == kMagicBytes);

constexpr std::string_view kWorkerProof = "proof of the worker", kRank0Proof = "proof of rank 0";
constexpr std::string_view kFromWorker = "from the worker", kFromRank0 = "from rank 0";

}  // namespace

Challenger::Challenger(std::string token) : token_(std::move(token)), challenge_(kMagic) {
  challenge_ += base::random_bytes(kNonceBytes);
}

std::optional<std::string> Challenger::check(std::string_view answer) {
  if (answer.size() != kAnswerBytes) return std::nullopt;
  nonce_ = answer.substr(0, kNonceBytes);
  const std::string expected = base::authentication_code(token_, {kWorkerProof, challenge_, nonce_});
  if (!base::equal_in_constant_time(answer.substr(kNonceBytes), expected)) return std::nullopt;
  return base::authentication_code(token_, {kRank0Proof, challenge_, nonce_});
}

SessionKeys Challenger::keys() const {
  return {base::authentication_code(token_, {kFromRank0, challenge_, nonce_}),
          base::authentication_code(token_, {kFromWorker, challenge_, nonce_})};
}

Responder::Responder(std::string token) : token_(std::move(token)), nonce_(base::random_bytes(kNonceBytes)) {}

std::optional<std::string> Responder::answer(std::string_view challenge) {
  if (challenge.size() != kChallengeBytes || !challenge.starts_with(kMagic)) return std::nullopt;
  challenge_ = challenge;
  return nonce_ + base::authentication_code(token_, {kWorkerProof, challenge_, nonce_});
}

bool Responder::check(std::string_view proof) const {
  return base::equal_in_constant_time(proof, base::authentication_code(token_, {kRank0Proof, challenge_, nonce_}));
}

SessionKeys Responder::keys() const {
  return {base::authentication_code(token_, {kFromWorker, challenge_, nonce_}),
          base::authentication_code(token_, {kFromRank0, challenge_, nonce_})};
}

}  // namespace phaselaw::ranks
