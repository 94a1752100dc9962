package observe

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the gateway's own numbers. Each gateway has its own registry, so several fit into one
// process.
type Metrics struct {
	registry *prometheus.Registry

	calls          *prometheus.CounterVec
	dispositions   *prometheus.CounterVec
	unrecognizable *prometheus.CounterVec
	duration       *prometheus.HistogramVec
	recipients     prometheus.Counter
	segments       prometheus.Counter
	sessions       *prometheus.CounterVec
	limits         *prometheus.CounterVec
	store          prometheus.Gauge
	durable        prometheus.Gauge
	memoryLost     prometheus.Counter
	crowded        prometheus.Counter
	inFlight       prometheus.Gauge
	waiting        prometheus.Gauge
	busy           *prometheus.CounterVec
	checks         *prometheus.CounterVec
	rejected       *prometheus.CounterVec
}

// NewMetrics registers everything. version is shown as a label of clerk_gateway_build_info.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_tool_calls_total",
			Help: "Tool calls by tool and outcome (ok, invalid, refused, failed, unknown, unavailable, canceled, limited).",
		}, []string{"tool", "outcome"}),
		dispositions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_creations_total",
			Help: "Calls that create something, by tool and disposition (executed, replayed, reconciled, not_found_yet, indeterminate, " +
				"in_progress, not_executed).",
		}, []string{"tool", "disposition"}),
		unrecognizable: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_creations_unrecognizable_total",
			Help: "Calls that create something and would be carried out again if they were transmitted again: they have no " +
				"idempotency key, no session, and no request id of a trusted proxy.",
		}, []string{"tool"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "clerk_gateway_tool_call_seconds",
			Help:    "Duration of tool calls, the REST request included.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 14), // 1 ms to 149 s
		}, []string{"tool"}),
		recipients: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clerk_gateway_recipients_total",
			Help: "Recipients of messages that were sent.",
		}),
		segments: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clerk_gateway_segments_total",
			Help: "SMS segments of messages that were sent, for all recipients together, as estimated before sending.",
		}),
		sessions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_sessions_total",
			Help: "Sessions that did not go the usual way: recovered (the record was gone), unstored (the store did not answer).",
		}, []string{"event"}),
		limits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_limits_total",
			Help: "What became of limits (calls, messages, register, authorize, token, grant, revoke): refused, unenforced (the store did not answer, " +
				"so the limit was held in this process only), kept (the store did not answer, so messages that were not sent count " +
				"as sent).",
		}, []string{"limit", "event"}),
		memoryLost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clerk_gateway_data_losses_total",
			Help: "Detected losses of idempotency data.",
		}),
		crowded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clerk_gateway_store_queue_refused_total",
			Help: "Requests answered 503 before anything was done, since too many calls waited for the store.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clerk_gateway_requests_in_flight",
			Help: "Requests of MCP clients that are being worked on.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clerk_gateway_requests_waiting",
			Help: "Requests of MCP clients that wait for their turn.",
		}),
		busy: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_requests_refused_total",
			Help: "Requests of MCP clients that were refused without being begun, by what was reached: caller (the caller's share), " +
				"all (what this process works on at once), bodies (what large bodies may take), answers (large answers at once), stopping (the process stops).",
		}, []string{"bound"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_signin_checks_total",
			Help: "Questions to the identity provider whether somebody may still come in, by result: yes, no, unknown (it gave no " +
				"answer that says so), skipped (nobody was asked: too many at once, asked in vain a moment ago, or no store).",
		}, []string{"result"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clerk_gateway_requests_rejected_total",
			Help: "Requests that were answered with a refusal, by endpoint and reason; the operations manual lists the reasons and what would mend each.",
		}, []string{"endpoint", "reason"}),
		store: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clerk_gateway_store_up",
			Help: "1 while the store serves, as far as calls tell; 0 while it does not.",
		}),
		durable: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clerk_gateway_store_durable",
			Help: "1 if Redis is configured for durable writes, 0 if not, -1 if unknown.",
		}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "clerk_gateway_build_info",
		Help: "Always 1; the label says which version runs.",
	}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.store.Set(1)
	m.durable.Set(-1)
	m.registry.MustRegister(m.checks, m.rejected, m.inFlight, m.waiting, m.busy, m.crowded, m.durable, m.memoryLost, m.calls, m.dispositions,
		m.unrecognizable, m.duration, m.recipients, m.segments, m.sessions, m.limits, m.store,
		build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus' format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Session counts an event of the session table.
func (m *Metrics) Session(event string) { m.sessions.WithLabelValues(event).Inc() }

// Limit counts an event of a limit.
func (m *Metrics) Limit(limit, event string) { m.limits.WithLabelValues(limit, event).Inc() }

// Crowded counts a request that was refused since too many calls waited for the store.
func (m *Metrics) Crowded() { m.crowded.Inc() }

// StoreQueue shows how many calls wait for their turn at the store. It can be called once.
func (m *Metrics) StoreQueue(waiting func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "clerk_gateway_store_queue_length",
		Help: "Calls that wait in this process for their turn at the store.",
	}, func() float64 { return float64(waiting()) }))
}

// InFlight notes how many requests are being worked on, and how many wait.
func (m *Metrics) InFlight(running, waiting int) {
	m.inFlight.Set(float64(running))
	m.waiting.Set(float64(waiting))
}

// Busy counts a request that was refused for what is under way.
func (m *Metrics) Busy(bound string) { m.busy.WithLabelValues(bound).Inc() }

// Rejected counts a refused request. Both are fixed words.
func (m *Metrics) Rejected(endpoint, reason string) {
	m.rejected.WithLabelValues(endpoint, reason).Inc()
}

// SignInCheck counts a question to the identity provider.
func (m *Metrics) SignInCheck(result string) { m.checks.WithLabelValues(result).Inc() }

// DataLoss counts that the store was found to have lost its data.
func (m *Metrics) DataLoss() { m.memoryLost.Inc() }

// Durable notes whether the store keeps what it acknowledged: whether something is known to let it
// lose that, and whether something is not known.
func (m *Metrics) Durable(violated, unchecked bool) {
	switch {
	case violated:
		m.durable.Set(0)
	case unchecked:
		m.durable.Set(-1)
	default:
		m.durable.Set(1)
	}
}

// Store notes whether the store serves.
func (m *Metrics) Store(up bool) {
	if up {
		m.store.Set(1)
		return
	}
	m.store.Set(0)
}
