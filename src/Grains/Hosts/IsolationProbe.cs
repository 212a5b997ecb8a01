using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <inheritdoc cref="IIsolationProbe"/>
internal sealed partial class IsolationProbe(HostContainers containers, IOptions<TemplateOptions> templates, ILogger<IsolationProbe> logger) : IIsolationProbe
{
    public const string DefaultRuntime = "default";
    private const string KernelRelease = "/proc/sys/kernel/osrelease";

    // A kernel of its own neither loads the engine's filter nor has Landlock.
    private static readonly string[] LayersOfTheHostsKernel = [IsolationLayers.Seccomp, IsolationLayers.Landlock];

    public async Task<IsolationReport> RunAsync(string host, CancellationToken cancellationToken)
    {
        var layers = ImmutableArray.CreateBuilder<LayerState>();
        var failed = new HashSet<string>();
        var isComplete = true;
        foreach (var runtime in templates.Value.GroupBy(template => template.Value.Runtime ?? DefaultRuntime))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (found, hasImage) = await ProbeAsync(host, [.. runtime.OrderBy(template => template.Key != TemplateOptions.Default)]);
            if (found is null && hasImage) failed.Add(runtime.Key);
            isComplete &= found is not null;
            layers.AddRange(IsolationLayers.All.Select(layer => Read(layer, runtime.Key, found)));
        }

        return new IsolationReport(new HostIsolation(layers.ToImmutable()), failed, isComplete);
    }

    /// <summary>What a guest reports of one layer, seen from a host with this kernel.</summary>
    /// <param name="kernel">The host's kernel release.</param>
    internal static LayerState Read(string layer, string runtime, IReadOnlyDictionary<string, string[]>? found, string kernel)
    {
        if (found is null || !found.TryGetValue(layer, out var said) || said is not [var state, var text]) return new LayerState(layer, runtime, LayerStatus.Unknown, "");
        var hasOwnKernel = found.TryGetValue(IsolationLayers.Runtime, out var release) && release is [_, var name] && name != kernel;
        if (layer == IsolationLayers.Runtime)
            return hasOwnKernel ? new LayerState(layer, runtime, LayerStatus.Ok, text) : new LayerState(layer, runtime, LayerStatus.Missing, "sandboxes share the host's kernel");
        var status = state switch { "ok" => LayerStatus.Ok, "missing" => LayerStatus.Missing, _ => LayerStatus.Unknown };
        if (status is LayerStatus.Missing && hasOwnKernel && LayersOfTheHostsKernel.Contains(layer)) status = LayerStatus.Unknown;
        return new LayerState(layer, runtime, status, text.Length > MaxText ? text[..MaxText] : text);
    }

    private const int MaxText = 200;

    private static LayerState Read(string layer, string runtime, IReadOnlyDictionary<string, string[]>? found) => Read(layer, runtime, found, Kernel());

    private static string Kernel() => File.Exists(KernelRelease) ? File.ReadAllText(KernelRelease).Trim() : "";

    // Any image will do: the first that exists.
    private async Task<(IReadOnlyDictionary<string, string[]>? Found, bool HasImage)> ProbeAsync(string host, KeyValuePair<string, Template>[] candidates)
    {
        foreach (var (name, template) in candidates)
        {
            try
            {
                var spec = ContainerSpec.Of(SandboxId.New(host), name, template) with { Probe = true, Preload = "", OtlpPort = 0 };
                return ((await containers.ProbeAsync(spec)).Isolation, true);
            }
            catch (ContainerStartException e) when (!e.Retry)
            {
                // A template without its image concerns those who create sandboxes of it.
                LogNotProbed(e, name);
            }
            catch (Exception e)
            {
                LogProbeFailed(e, name);
                return (null, true);
            }
        }

        return (null, false);
    }

    [LoggerMessage(LogLevel.Warning, "The isolation of sandboxes could not be probed with template {Template}.")]
    private partial void LogNotProbed(Exception exception, string template);

    [LoggerMessage(LogLevel.Error, "The container that probes the isolation of sandboxes with template {Template} did not report.")]
    private partial void LogProbeFailed(Exception exception, string template);
}
