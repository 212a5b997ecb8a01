using System.Diagnostics;
using Podflare.Telemetry;

namespace Podflare.Hosts;

/// <summary>The trace in which a container is started for a claim. A start has no caller by itself.</summary>
/// <param name="Span">The claim's; empty where it is not traced.</param>
internal sealed record ClaimTrace(TraceBinding Binding, string Tenant, ActivityContext Span);
