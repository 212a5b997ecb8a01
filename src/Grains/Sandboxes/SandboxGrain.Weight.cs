using Podflare.Containers;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    // Null: not known, as after an adoption; then the first tick says it anew.
    private bool? _light;
    private Task _weighing = Task.CompletedTask;

    /// <summary>
    /// A sandbox whose run has gone on for a while weighs less: where many compute, an idle one then answers a short run at once. Its
    /// full weight is back within a tick of the run's end.
    /// </summary>
    private void Weigh(DateTimeOffset now)
    {
        var light = _runs.Active.Any(run => run.EndedAt is null && run.StartedAt is { } started && now - started >= TimeSpan.FromSeconds(Limits.LongRunSeconds));
        if (_port is null || !_weighing.IsCompleted || light == (_light ?? !light)) return;
        _light = light;
        _weighing = WeighAsync(light);
    }

    private async Task WeighAsync(bool light)
    {
        try
        {
            if (templates.Value.GetValueOrDefault(_record.Value.Template) is { } template)
                await runtime.WeighAsync(_record.Value.ContainerId, template.Cpus, light, _closing.Token);
        }
        catch (Exception e) when (e is ContainerEngineException or OperationCanceledException)
        {
            // Some runtimes can't; the sandbox works as well with the weight that it has.
            LogNotWeighed(e, _id);
        }
    }
}
