// What is counted, and the text that a scrape gets.
#include "operators/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hlb::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string text_of(Exposition exposition) {
  std::string text;
  while (exposition.add_part(text)) {
  }
  return text;
}

std::string text_of(const Metrics& metrics) {
  return text_of(metrics.expose({.services = list_of({}), .states = {}, .backends = {}}));
}

// What stands at the end of the text: the services.
std::string services_of(Samples services) {
  const std::string text = text_of(Metrics().expose(std::move(services)));
  return text.substr(text.find("# HELP hlb_service_healthy_backends"));
}

ServiceSpec service(std::string name, const std::vector<std::string>& backends) {
  ServiceSpec spec;
  spec.name = std::move(name);
  for (const std::string& address : backends)
    spec.backends.push_back({Address::parse(address).value()});
  return spec;
}

Outcome lasting(Outcome outcome, std::chrono::microseconds latency) {
  outcome.latency = latency;
  return outcome;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(Metrics, CountsProbesByTypeAndResult) {
  Metrics metrics;
  HttpCheck https;
  https.tls.emplace();
  metrics.probed(TcpCheck{}, Outcome::pass("connected"));
  metrics.probed(TcpCheck{}, Outcome::pass("connected"));
  metrics.probed(TcpCheck{}, Outcome::hard_failure("connection refused"));
  metrics.probed(https, Outcome::not_known("no descriptors"));
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("\nhlb_check_total{result=\"passed\",type=\"tcp\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_check_total{result=\"failed\",type=\"tcp\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_check_total{result=\"unknown\",type=\"https\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_check_total{result=\"passed\",type=\"http\"} 0\n"));
}

TEST(Metrics, MeasuresTheProbesThatFoundSomethingOut) {
  Metrics metrics;
  metrics.probed(IcmpCheck{}, lasting(Outcome::pass("reply"), 2ms));
  metrics.probed(IcmpCheck{}, lasting(Outcome::soft_failure("no reply in 1s"), 1s));
  metrics.probed(IcmpCheck{}, lasting(Outcome::not_known("late"), 5s));
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("hlb_check_duration_seconds_count{type=\"icmp\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("hlb_check_duration_seconds_sum{type=\"icmp\"} 1.002\n"));
  EXPECT_THAT(text, HasSubstr("hlb_check_duration_seconds_bucket{type=\"icmp\",le=\"0.001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("hlb_check_duration_seconds_bucket{type=\"icmp\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("hlb_check_duration_seconds_bucket{type=\"icmp\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("hlb_check_duration_seconds_count{type=\"tcp\"}")));
}

TEST(Metrics, CountsChangesByTheirCauseAndMeasuresThem) {
  Metrics metrics;
  metrics.changed(Cause::hard);
  metrics.detected(State::down, 60ms);
  metrics.changed(Cause::passed);
  metrics.detected(State::up, 3s);
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("\nhlb_transitions_total{cause=\"hard\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_transitions_total{cause=\"passed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_transitions_total{cause=\"told\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_detection_seconds_sum{to=\"down\"} 0.06\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_detection_seconds_sum{to=\"up\"} 3\n"));
}

TEST(Metrics, CountsLookupsAndTables) {
  Metrics metrics;
  metrics.looked_up(LookupResult::answered);
  metrics.looked_up(LookupResult::no_such_service);
  metrics.looked_up(LookupResult::no_such_service);
  metrics.published_tables(1);
  metrics.published_tables(3);
  metrics.loop_lagged(10ms);
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("\nhlb_lookups_total{path=\"bus\",result=\"answered\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_lookups_total{path=\"bus\",result=\"no_such_service\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{path=\"bus\",result=\"no_healthy_backend\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_table_publications_total 3\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_loop_lag_seconds_sum 0.01\n"));
}

TEST(Metrics, SaysWhetherTheConfigurationIsInUseAndWhichVersionRuns) {
  Metrics metrics;
  EXPECT_THAT(text_of(metrics), HasSubstr("\nhlb_config_last_reload_successful 1\n"));
  EXPECT_THAT(text_of(metrics), HasSubstr("\nhlb_build_info{version=\"" HLB_VERSION "\"} 1\n"));
  metrics.loaded_configuration(false);
  EXPECT_THAT(text_of(metrics), HasSubstr("\nhlb_config_last_reload_successful 0\n"));
}

TEST(Exposition, ShowsServicesTheirBackendsAndOverrides) {
  const std::string text = services_of(
      {.services =
           list_of({service("a.test", {"10.0.0.1", "fd99::1"}), service("b.test", {"10.0.0.1"})}),
       .states = {{.healthy = 2, .held_back = 1}, {.panic = true}},
       .backends = {{.up = true},
                    {.up = true, .suspect = true},
                    {.up = false, .unknown = true, .override = "drain"}}});
  EXPECT_EQ(text,
            R"(# HELP hlb_service_healthy_backends Backends of the service that lookups may get.
# TYPE hlb_service_healthy_backends gauge
hlb_service_healthy_backends{service="a.test"} 2
hlb_service_healthy_backends{service="b.test"} 0
# HELP hlb_service_panic 1 for each service that is answered with all its backends.
# TYPE hlb_service_panic gauge
hlb_service_panic{service="b.test"} 1
# HELP hlb_service_held_back_backends Healthy backends of a better priority than the one that serves, where there are any.
# TYPE hlb_service_held_back_backends gauge
hlb_service_held_back_backends{service="a.test"} 1
# HELP hlb_backend_up Whether the backend's checks find it up, whatever overrides it.
# TYPE hlb_backend_up gauge
hlb_backend_up{service="a.test",backend="10.0.0.1"} 1
hlb_backend_up{service="a.test",backend="fd99::1"} 1
hlb_backend_up{service="b.test",backend="10.0.0.1"} 0
# HELP hlb_backend_unknown 1 for each backend of which the checks know nothing.
# TYPE hlb_backend_unknown gauge
hlb_backend_unknown{service="b.test",backend="10.0.0.1"} 1
# HELP hlb_backend_suspect 1 for each backend that is left out by its first failure.
# TYPE hlb_backend_suspect gauge
hlb_backend_suspect{service="a.test",backend="fd99::1"} 1
# HELP hlb_backend_latency_seconds How long the last probe by the backend's first check took, if it passed.
# TYPE hlb_backend_latency_seconds gauge
# HELP hlb_backend_certificate_remaining_seconds Time until the backend's TLS certificate ends; negative once it has.
# TYPE hlb_backend_certificate_remaining_seconds gauge
# HELP hlb_override 1 for each backend that an operator has overridden.
# TYPE hlb_override gauge
hlb_override{service="b.test",backend="10.0.0.1",kind="drain"} 1
)");
}

TEST(Exposition, ShowsConnectionsWhereTheyAreCounted) {
  const auto connections = [](const ServiceSpec& service, const BackendSpec& backend) {
    return static_cast<std::uint32_t>(service.name.size() + backend.address.bytes[3]);
  };
  const std::string text =
      services_of({.services = list_of({service("a.test", {"10.0.0.1", "10.0.0.2"})}),
                   .states = {{}},
                   .backends = {{}, {}},
                   .connections = connections});
  EXPECT_THAT(text,
              HasSubstr("# TYPE hlb_backend_connections gauge\n"
                        "hlb_backend_connections{service=\"a.test\",backend=\"10.0.0.1\"} 7\n"
                        "hlb_backend_connections{service=\"a.test\",backend=\"10.0.0.2\"} 8\n"));
}

TEST(Exposition, ShowsLatenciesAndWhenCertificatesEnd) {
  const WallTime now{1'000'000s};
  const std::string text =
      services_of({.services = list_of({service("a.test", {"10.0.0.1", "10.0.0.2", "10.0.0.3"})}),
                   .now = now,
                   .states = {{}},
                   .backends = {{.latency = 1500, .certificate_end = now + 86'400s},
                                {.latency = History::kFailed, .certificate_end = now - 10s},
                                {}}});
  const std::string of = "{service=\"a.test\",backend=\"10.0.0.";
  EXPECT_THAT(text, HasSubstr("\nhlb_backend_latency_seconds" + of + "1\"} 0.0015\n"));
  EXPECT_EQ(count(text, "\nhlb_backend_latency_seconds{"), 1U);
  const std::string left = "\nhlb_backend_certificate_remaining_seconds";
  EXPECT_THAT(text, HasSubstr(left + of + "1\"} 86400\n"));
  EXPECT_THAT(text, HasSubstr(left + of + "2\"} -10\n"));
  EXPECT_EQ(count(text, left + "{"), 2U);
}

TEST(Exposition, SpeaksOpenMetrics) {
  Metrics metrics;
  metrics.changed(Cause::hard);
  metrics.loop_lagged(2ms);
  const std::string text = text_of(metrics.expose(
      {.services = list_of({}), .states = {}, .backends = {}}, Exposition::Format::open_metrics));
  EXPECT_THAT(text, HasSubstr("\n# TYPE hlb_transitions counter\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_transitions_total{cause=\"hard\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_loop_lag_seconds_bucket{le=\"1.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_loop_lag_seconds_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nhlb_loop_lag_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, testing::EndsWith("\n# EOF\n"));
  EXPECT_EQ(count(text, "# EOF"), 1U);
}

TEST(Exposition, MakesOneTextOfManyParts) {
  constexpr std::size_t kServices = 600;
  std::vector<ServiceSpec> specs;
  Samples samples;
  for (std::size_t i = 0; i < kServices; ++i) {
    specs.push_back(service("s" + std::to_string(i), {"10.0.0.1", "10.0.0.2"}));
    samples.states.push_back({.healthy = 1});
    samples.backends.insert(samples.backends.end(), {{.up = true}, {.up = false}});
  }
  samples.services = list_of(std::move(specs));
  Exposition exposition = Metrics().expose(std::move(samples));
  std::string text;
  int parts = 0;
  while (exposition.add_part(text))
    ++parts;
  EXPECT_GT(parts, 5);
  EXPECT_EQ(count(text, "# TYPE hlb_backend_up "), 1U);
  EXPECT_EQ(count(text, "# HELP hlb_service_healthy_backends "), 1U);
  EXPECT_EQ(count(text, "\nhlb_backend_up{"), 2 * kServices);
  EXPECT_EQ(count(text, "\nhlb_service_healthy_backends{"), kServices);
  EXPECT_EQ(count(text, "hlb_backend_up{service=\"s599\",backend=\"10.0.0.2\"} 0\n"), 1U);
}

TEST(Exposition, HasNoServiceBeforeThereIsOne) {
  const std::string text = services_of({.services = list_of({}), .states = {}, .backends = {}});
  EXPECT_EQ(count(text, "# TYPE "), 9U);
  EXPECT_EQ(count(text, "{"), 0U);
}

}  // namespace
}  // namespace hlb::metrics
