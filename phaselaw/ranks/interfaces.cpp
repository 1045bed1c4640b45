// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/interfaces.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "phaselaw/ranks/tcp_channel.h"

namespace phaselaw::ranks {

namespace {

std::string number_text(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return text.data();
}

std::optional<std::uint32_t> number_value(const std::string& number) {
  in_addr value{};
  if (::inet_pton(AF_INET, number.c_str(), &value) != 1) return std::nullopt;
  return ntohl(value.s_addr);
}

// Whether `number` belongs to the network "a.b.c.d/bits".
bool within(const std::string& number, std::string_view network) {
  const std::size_t slash = network.find('/');
  if (slash == std::string_view::npos) return false;
  const auto value = number_value(number), base = number_value(std::string(network.substr(0, slash)));
  const std::string_view bits_text = network.substr(slash + 1);
  unsigned bits = 33;
  (void)std::from_chars(bits_text.data(), bits_text.data() + bits_text.size(), bits);
  if (!value || !base || bits > 32) return false;
  return bits == 0 || (*value ^ *base) >> (32 - bits) == 0;
}

bool included(const Interface& interface, std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (item == interface.name || within(interface.number, item)) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

}  // namespace

std::vector<Interface> interfaces() {
  std::vector<Interface> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    found.push_back({i->ifa_name, number_text(*reinterpret_cast<const sockaddr_in*>(i->ifa_addr))});
  }
  ::freeifaddrs(list);
  return found;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string machine_identity() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code error;
  const auto network = std::filesystem::read_symlink("/proc/self/ns/net", error);
  return boot.empty() || error ? host_name() : boot + " " + network.string();
}

std::string source_towards(const std::string& number) {
  sockaddr_in there{}, here{};
  there.sin_family = AF_INET;
  there.sin_port = htons(9);  // any port: connect() of a datagram socket only looks up the route
  if (::inet_pton(AF_INET, number.c_str(), &there.sin_addr) != 1) return "";
  const Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  socklen_t size = sizeof here;
  if (!socket.open() || ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 ||
      ::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&here), &size) != 0)
    return "";
  return number_text(here);
}

std::vector<std::string> listening_numbers(const std::vector<Interface>& own, const std::vector<std::string>& others,
                                           std::string_view include,
                                           const std::function<std::string(const std::string&)>& source) {
  std::vector<std::string> numbers;
  for (const auto& interface : own)
    if (included(interface, include)) numbers.push_back(interface.number);
  if (!numbers.empty()) return numbers;
  const auto is_own = [&](const std::string& number) {
    return std::any_of(own.begin(), own.end(), [&](const Interface& i) { return i.number == number; });
  };
  for (const auto& other : others) {
    // The bridge of a container system has the same number on every machine and leads to none of them.
    if (is_own(other)) continue;
    const std::string number = source(other);
    if (is_own(number) && std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace phaselaw::ranks
