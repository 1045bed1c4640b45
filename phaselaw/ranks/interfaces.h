// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Network interfaces of this machine, and which of them lead to the other machines of a job. IPv4.
namespace phaselaw::ranks {

struct Interface {
  std::string name, number;  // such as "eth0" and "10.0.0.1"
};
// The active interfaces without loopback.
[[nodiscard]] std::vector<Interface> interfaces();

[[nodiscard]] std::string host_name();
// The same for processes that reach each other over loopback: one boot of one kernel, one network namespace.
[[nodiscard]] std::string machine_identity();

// The number of this machine from which the kernel would send to `number`; empty without a route. Nothing is sent.
[[nodiscard]] std::string source_towards(const std::string& number);

// The numbers at which rank 0 listens: those of the interfaces that MPI was told to use (`include`: names or a.b.c.d/bits,
// separated by commas, as in OMPI_MCA_btl_tcp_if_include); if it was not told any, those from which `source` reaches
// `others`, the numbers of the other machines. Empty if there are none.
[[nodiscard]] std::vector<std::string> listening_numbers(const std::vector<Interface>& own,
                                                         const std::vector<std::string>& others,
                                                         std::string_view include,
                                                         const std::function<std::string(const std::string&)>& source);

}  // namespace phaselaw::ranks
