// The part of program.h that tells by whose code a program looks names up.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "ctl/doctor/program.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutResolver[] = "program";
constexpr char kNoHlb[] = "It doesn't ask hlb.";

// Resolvers that ask DNS themselves, by the beginnings of their libraries' names.
struct OwnResolver {
  std::string_view library;
  std::string_view name;
};
constexpr std::array<OwnResolver, 7> kOwnResolvers = {{{"libcares.", "c-ares"},
                                                       {"libunbound.", "libunbound"},
                                                       {"libldns.", "ldns"},
                                                       {"libgetdns.", "getdns"},
                                                       {"libudns.", "udns"},
                                                       {"libadns.", "adns"},
                                                       {"libdns-", "BIND's resolver"}}};

bool has_library(const ExaminedProgram& program, std::string_view prefix) {
  return std::ranges::any_of(program.code, [prefix](const Library& library) {
    return library.path.filename().string().starts_with(prefix);
  });
}

// Java's launcher loads what does by itself.
bool may_call_libc_resolver(const ExaminedProgram& program) {
  if (has_library(program, "libjli.so")) return true;
  constexpr std::array<std::string_view, 4> kCalls = {"getaddrinfo", "gethostbyname",
                                                      "gethostbyname_r", "gethostbyname2_r"};
  return std::ranges::any_of(program.code, [&](const Library& library) {
    if (library.path.filename().string().starts_with("libc.so.")) return false;
    return std::ranges::any_of(
        kCalls, [&library](std::string_view call) { return library.elf.has_symbol(call); });
  });
}

// Programs that ask DNS by code of their own, however they are linked.
constexpr std::array<std::string_view, 1> kAskThemselves = {"squid"};

bool asks_by_own_code(const ExaminedProgram& program) {
  const auto file = program.process ? program.process->program : program.file;
  return std::ranges::find(kAskThemselves, file.filename().string()) != kAskThemselves.end();
}

bool is_glibc_linker(const std::string& interpreter) {
  const std::string name = std::filesystem::path(interpreter).filename();
  return name.starts_with("ld-linux") || name.starts_with("ld.so") || name.starts_with("ld64.so");
}

// Whether GODEBUG has netdns=go among its options.
bool asks_go_resolver(const ExaminedProgram& program) {
  if (!program.process) return false;
  const std::string options = "," + program.process->variable("GODEBUG") + ",";
  return options.find(",netdns=go") != std::string::npos;
}

Findings check_go(const ExaminedProgram& program) {
  if (!program.elf.has_symbol("getaddrinfo")) {
    return {fault(kAboutResolver, program.name + " is a Go program without cgo",
                  "Go's own resolver reads /etc/hosts and asks DNS, never hlb.",
                  "Build it with CGO_ENABLED=1.")};
  }
  if (asks_go_resolver(program)) {
    return {fault(kAboutResolver, program.name + " has GODEBUG=netdns=go",
                  "Go's own resolver reads /etc/hosts and asks DNS, never hlb.",
                  "Start it with GODEBUG=netdns=cgo, or without GODEBUG.")};
  }
  return {};
}

// Whether it holds glibc's code that loads modules of the name service switch.
bool holds_glibc(const Host& machine, const ExaminedProgram& program) {
  return file_contains(machine.open(program.file), "libnss_%s.so");
}

Findings check_static(const Host& machine, const ExaminedProgram& program) {
  if (holds_glibc(machine, program)) {
    return {note(kAboutResolver, program.name + " is statically linked with glibc",
                 "It asks hlb only while the glibc installed is the release it was built with.",
                 "Link it dynamically.")};
  }
  return {fault(kAboutResolver,
                program.name + " is statically linked, without glibc's name service switch", kNoHlb,
                "Link it dynamically, with glibc.")};
}

Finding own_resolver(const ExaminedProgram& program, std::string_view resolver) {
  return note(kAboutResolver,
              fmt::format("{} contains {}, which asks DNS itself", program.name, resolver),
              "What it looks up by that isn't answered by hlb; what it looks up by getaddrinfo is "
              "(in Node.js dns.lookup, not dns.resolve).",
              "Have it use the system's resolver.");
}

Findings check_libraries(const ExaminedProgram& program) {
  Findings findings;
  for (const auto& [library, name] : kOwnResolvers) {
    if (has_library(program, library)) findings.push_back(own_resolver(program, name));
  }
  if (findings.empty() && program.elf.has_symbol_with_prefix("ares_"))
    findings.push_back(own_resolver(program, "c-ares"));
  if (!may_call_libc_resolver(program)) {
    findings.push_back(note(
        kAboutResolver, program.name + " doesn't call getaddrinfo, as far as its libraries tell",
        "Unless it loads code that does, it looks up no name by hlb.", "Trace it: ltrace, gdb."));
  }
  return findings;
}

// The module of this machine's own architecture is looked at by itself.
Findings check_architecture(const Host& machine, const ExaminedProgram& program) {
  const auto ours = Elf::read(Host().open("/proc/self/exe"));
  const Elf& elf = program.elf;
  if (ours && ours->bits == elf.bits && ours->machine == elf.machine) return {};
  if (find_library(machine, "libnss_hlb.so.2", {program.file, elf})) return {};
  return {fault(kAboutResolver,
                fmt::format("{} is of another architecture ({} bits), and has no libnss_hlb.so.2",
                            program.name, elf.bits),
                kNoHlb, "Install libnss-hlb of its architecture, as libnss-hlb:i386.")};
}

// Finds a set-user-ID program when LD_LIBRARY_PATH is set, as the module may have been found here
// only by that.
Findings check_environment(const ExaminedProgram& program) {
  if (!program.set_id || std::getenv("LD_LIBRARY_PATH") == nullptr) return {};
  return {fault(kAboutResolver, program.name + " is set-user-ID, and ignores LD_LIBRARY_PATH",
                "What was found here by that variable isn't found by it.",
                "Install the module in its place.")};
}

}  // namespace

ResolvesBy resolver_of(const Host& machine, const ExaminedProgram& program) {
  const bool by_go =
      program.elf.is_go && (!program.elf.has_symbol("getaddrinfo") || asks_go_resolver(program));
  if (by_go || asks_by_own_code(program)) return ResolvesBy::itself;
  if (is_glibc_linker(program.elf.interpreter)) return ResolvesBy::glibc;
  const bool is_static = program.elf.interpreter.empty();
  return is_static && holds_glibc(machine, program) ? ResolvesBy::its_own_glibc
                                                    : ResolvesBy::itself;
}

Findings check_resolver(const Host& machine, const ExaminedProgram& program) {
  if (program.elf.is_go) return check_go(program);
  if (program.elf.interpreter.empty()) return check_static(machine, program);
  if (!is_glibc_linker(program.elf.interpreter)) {
    return {fault(kAboutResolver,
                  fmt::format("{} isn't linked with glibc but with {}", program.name,
                              program.elf.interpreter),
                  "Another C library has no name service switch: it asks DNS, never hlb.",
                  "Use a build for glibc.")};
  }
  if (asks_by_own_code(program)) {
    return {fault(kAboutResolver, program.name + " asks DNS itself",
                  "It reads /etc/hosts and /etc/resolv.conf, and never asks hlb.",
                  "Give it addresses in place of names.")};
  }
  Findings findings = check_architecture(machine, program);
  append(findings, check_environment(program));
  append(findings, check_libraries(program));
  return findings;
}

}  // namespace hlb::ctl::doctor
