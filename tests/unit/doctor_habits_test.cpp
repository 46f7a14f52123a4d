// Programs as a folder with their settings shows them.
#include <gtest/gtest.h>

#include "ctl/doctor/program.h"
#include "folder.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

class HabitsTest : public testing::Test {
 protected:
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(machine_.at(path).parent_path());
    write_file(machine_.at(path), text);
  }

  // What is found of a program that is given by its path.
  std::string found(const fs::path& file) {
    ExaminedProgram program;
    program.file = file;
    program.name = file.filename();
    const Findings findings = check_habits(machine_, program);
    return findings.empty() ? "nothing" : findings[0].what;
  }

  // A real program at that path, and what is called its sandbox when it is looked for.
  std::string sandbox(const fs::path& file) {
    const auto program = find_program(machine_, file);
    return program ? program->sandbox : program.error();
  }

  void put_program(const fs::path& path) {
    fs::create_directories(machine_.at(path).parent_path());
    fs::copy_file("/usr/bin/true", machine_.at(path));
  }

  Folder folder_;
  Host machine_ = Host(folder_.file(""));
};

TEST_F(HabitsTest, OfNginxAreADirectiveResolver) {
  write("/etc/nginx/nginx.conf", "http {\n  # resolver 10.0.0.1;\n  resolver_timeout 2s;\n}\n");
  EXPECT_EQ(found("/usr/sbin/nginx"), "nothing");
  write("/etc/nginx/conf.d/a.conf", "server {\n  resolver 10.0.0.1;\n}\n");
  EXPECT_EQ(found("/usr/sbin/nginx"),
            "nginx has a resolver of its own (/etc/nginx/conf.d/a.conf:2)");
}

TEST_F(HabitsTest, OfHaproxyAreServersWithResolversNotTheSectionAlone) {
  write("/etc/haproxy/haproxy.cfg", "resolvers a\n  nameserver b 10.0.0.1:53\n");
  EXPECT_EQ(found("/usr/sbin/haproxy"), "nothing");
  write("/etc/haproxy/haproxy.cfg", "backend a\n  server b app.local:80 resolvers a\n");
  EXPECT_EQ(found("/usr/sbin/haproxy"),
            "haproxy has servers with resolvers (/etc/haproxy/haproxy.cfg:2)");
}

TEST_F(HabitsTest, OfPhpAreItsCurlExtensions) {
  EXPECT_EQ(found("/usr/sbin/php-fpm8.2"), "nothing");
  write("/usr/lib/php/20220829/curl.so", "");
  EXPECT_EQ(found("/usr/sbin/php-fpm8.2"),
            "php-fpm8.2 uses libcurl, whose handles keep addresses for 60 s");
  EXPECT_EQ(found("/usr/bin/curl"), "nothing");
}

TEST_F(HabitsTest, OfASnapAreNotOfThisRootFolder) {
  put_program("/snap/bin/app");
  EXPECT_EQ(sandbox("/snap/bin/app"), "snap");
  put_program("/usr/bin/app");
  EXPECT_EQ(sandbox("/usr/bin/app"), "");
}

TEST_F(HabitsTest, OfAWrapperAreThoseOfTheBrowserThatItStarts) {
  write("/usr/bin/chromium", "#!/bin/sh\nexec /usr/lib/chromium/chromium\n");
  put_program("/bin/sh");
  EXPECT_EQ(find_program(machine_, "/usr/bin/chromium")->file, "/bin/sh");
  put_program("/usr/lib/chromium/chromium");
  EXPECT_EQ(find_program(machine_, "/usr/bin/chromium")->file, "/usr/lib/chromium/chromium");
}

}  // namespace
}  // namespace hlb::ctl::doctor
