using Podflare.Telemetry;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    // A template that is gone from the options would be one more label value for ever.
    private string Label(string template) => templates.Value.ContainsKey(template) ? template : "other";

    private void SayFigures() => Instruments.Hosts.Set(
        _sandboxes.Values.CountBy(sandbox => Label(sandbox.Template)), _pool.Parked.Select(parked => KeyValuePair.Create(parked.Template, parked.Count)), _pool.Waiting);
}
