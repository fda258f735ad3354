#include "base/log.h"
#include "setup/admission_rules.h"
#include "setup/http_answer.h"
#include "setup/refusal_report.h"
#include <gtest/gtest.h>

namespace {

TEST(HttpAnswer, AnOsciAnswerIsXmlAndARefusalIsText) {
  gateway::Reply taken;
  taken.body = std::make_shared<const std::string>("MIME-Version: 1.0\r\n");
  const auto answer = setup::http_answer(taken);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.content_type, "text/xml; charset=utf-8");
  EXPECT_FALSE(answer.retry_after_seconds);

  gateway::Reply busy;
  busy.status = 503;
  busy.body = std::make_shared<const std::string>();
  busy.busy = {7, "zu viele / too many"};
  const auto refusal = setup::http_answer(busy);
  EXPECT_EQ(refusal.status, 503u);
  EXPECT_EQ(refusal.retry_after_seconds, 7u);
  EXPECT_EQ(refusal.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(refusal.body, "zu viele / too many");
}

TEST(RefusalReport, TellsWhatHasGrownAndIsSilentWhenNothingHas) {
  std::vector<std::string> lines;
  base::set_log_sink([&](const base::LogRecord& record) {
    if (record.event == "admission.refused") lines.push_back(record.fields.at(0).value);
  });
  setup::RefusalReport report;
  gateway::Admission::Counts gateway;
  async::WorkPool::Load cpu, db;
  http::ServerCounts server;
  report.round(gateway, cpu, db, server);
  EXPECT_TRUE(lines.empty());
  gateway.sender_rate = 5;
  cpu.refused_late = 2;
  report.round(gateway, cpu, db, server);
  report.round(gateway, cpu, db, server);
  gateway.sender_rate = 6;
  server.refused_busy = 1;
  report.round(gateway, cpu, db, server);
  base::set_log_sink([](const base::LogRecord&) {});
  EXPECT_EQ(lines, (std::vector<std::string>{"sender_rate=5 cpu_late=2", "sender_rate=1 busy=1"}));
}

TEST(AdmissionRules, ComeFromTheConfiguration) {
  ops::Config config;
  config.admission.sender_rate = 3;
  config.admission.mailbox_waiting = 4;
  config.admission.retry_after = std::chrono::milliseconds{1200};
  const auto rules = setup::admission_rules(config);
  EXPECT_EQ(rules.sender_rate, 3u);
  EXPECT_EQ(rules.mailbox_waiting, 4u);
  EXPECT_EQ(rules.retry_after_seconds, 2u);
  EXPECT_EQ(rules.sender_octets_day, config.admission.sender_octets_day);
}

} // namespace
