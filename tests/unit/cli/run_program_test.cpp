#include "cli/run_program.h"
#include "temporary_folder.h"
#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using base::ErrorCode;
using base::Milliseconds;

class RunProgram : public testing::Test {
 protected:
  std::string script(const std::string& text) {
    const auto path = folder.write("script", "#!/bin/sh\n" + text + "\n");
    ::chmod(path.c_str(), 0700);
    return path;
  }
  base::Result<std::string> run(const std::string& text, cli::ProgramLimits limits = {},
                                std::vector<std::string> arguments = {}) {
    return cli::run_program({script(text), std::move(arguments), {}}, limits);
  }
  ErrorCode code(const std::string& text, cli::ProgramLimits limits = {}) {
    const auto result = run(text, limits);
    return result ? ErrorCode::internal : result.error().code;
  }

  test::TemporaryFolder folder;
};

TEST_F(RunProgram, ReturnsWhatTheProgramWrites) {
  const auto out = run("printf '%s|' \"$@\"; cat; printf end", {}, {"a b", "$(id)", "*"});
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(*out, "a b|$(id)|*|end"); // arguments as they are; standard input is empty
  EXPECT_EQ(run("exit 0").value(), "");
}

TEST_F(RunProgram, TakesMoreThanAPipeHolds) {
  const auto out = run("head -c 1000000 /dev/zero");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(out->size(), 1'000'000u);
}

TEST_F(RunProgram, LooksTheProgramUpInThePath) {
  EXPECT_EQ(cli::run_program({"printf", {"%s", "x"}, {}}, {}).value(), "x");
}

TEST_F(RunProgram, TellsFailureByCodeSignalAndAbsence) {
  EXPECT_EQ(run("echo x; exit 3").error().detail.find("ended with code 3") == std::string::npos,
            false);
  EXPECT_NE(run("kill -9 $$").error().detail.find("signal 9"), std::string::npos);
  EXPECT_EQ(cli::run_program({folder / "missing", {}, {}}, {}).error().code, ErrorCode::file_error);
  EXPECT_EQ(cli::run_program({folder.write("plain", "x"), {}, {}}, {}).error().code,
            ErrorCode::file_error); // not executable
}

TEST_F(RunProgram, EndsAtTheTimeLimitWithAllItsChildren) {
  const auto begin = std::chrono::steady_clock::now();
  cli::ProgramLimits limits;
  limits.time = Milliseconds{200};
  const auto late = folder / "late";
  EXPECT_EQ(code("(sleep 1; touch " + late + ") & sleep 30", limits), ErrorCode::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_FALSE(std::filesystem::exists(late));
}

TEST_F(RunProgram, EndsAProgramThatWritesTooMuch) {
  cli::ProgramLimits limits;
  limits.output = 1000;
  EXPECT_EQ(code("while :; do echo much; done", limits), ErrorCode::too_large);
  EXPECT_EQ(code("head -c 1001 /dev/zero", limits), ErrorCode::too_large);
  EXPECT_EQ(run("head -c 1000 /dev/zero", limits).value().size(), 1000u);
}

TEST_F(RunProgram, DoesNotWaitForWhatIsLeftInTheBackground) {
  cli::ProgramLimits limits;
  limits.time = Milliseconds{5000};
  // The background process holds the pipe open.
  const auto out = run("sleep 30 & echo done", limits);
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(*out, "done\n");
}

TEST_F(RunProgram, HidesVariablesAndDescriptors) {
  ::setenv("DC_TEST_PIN", "geheim", 1);
  ::setenv("DC_TEST_OTHER", "offen", 1);
  const int open = ::open(folder.write("secret", "x").c_str(), O_RDONLY); // without O_CLOEXEC
  const auto out =
      cli::run_program({script("echo \"$DC_TEST_PIN$DC_TEST_OTHER\"; ls /proc/self/fd | wc -l"),
                        {},
                        {"DC_TEST_PIN"}},
                       {});
  ::close(open);
  ::unsetenv("DC_TEST_PIN");
  ::unsetenv("DC_TEST_OTHER");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(*out, "offen\n4\n"); // 0, 1, 2, and the folder that ls reads
}

} // namespace
