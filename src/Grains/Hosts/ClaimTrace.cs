using System.Diagnostics;
using Podflare.Telemetry;

namespace Podflare.Hosts;

/// <summary>Whose trace a container is started in, where it is started for a claim: starts themselves have no caller.</summary>
/// <param name="Span">The claim's; empty where it is not traced.</param>
internal sealed record ClaimTrace(TraceBinding Binding, string Tenant, ActivityContext Span);
