using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>
/// Compiles the guest once for each image, in a container of that image that is no sandbox and cannot write anything: it reports the bytecode
/// to this process, which keeps it in the run folder. Bytecode that is missing or does not fit costs time, nothing else.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed partial class GuestCompiler(IContainerRuntime runtime, GuestFolders folders, IOptions<HostOptions> options, TimeProvider time, ILogger<GuestCompiler> logger)
{
    // Another image may get the name, with another interpreter.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Known> _images = new(StringComparer.Ordinal);

    /// <summary>The folder of the guest that a container mounts. The first containers of an image wait for it, within a limit.</summary>
    /// <param name="probe">Starts a container, returns what it reports, and removes it.</param>
    /// <returns>Null for the sources alone.</returns>
    internal async Task<string?> FindFolderAsync(ContainerSpec spec, Func<ContainerSpec, Task<GuestHello>> probe)
    {
        if (options.Value.CompileSeconds == 0) return null;
        var known = _images.AddOrUpdate(
            spec.Image,
            _ => Begin(spec, probe),
            (_, before) => before.Folder.IsCompleted && time.GetElapsedTime(before.CheckedAt) >= CheckInterval ? Begin(spec, probe) : before);
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.CompileSeconds), time);
        try
        {
            return await known.Folder.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private Known Begin(ContainerSpec spec, Func<ContainerSpec, Task<GuestHello>> probe) =>
        new(time.GetTimestamp(), new Lazy<Task<string?>>(() => FindOrCompileOffSchedulerAsync(spec, probe)));

    // It outlives the call that happens to begin it, which is a grain's, and others wait for it too.
    private Task<string?> FindOrCompileOffSchedulerAsync(ContainerSpec spec, Func<ContainerSpec, Task<GuestHello>> probe)
    {
        using (ExecutionContext.SuppressFlow()) return Task.Run(() => FindOrCompileAsync(spec, probe));
    }

    // Never throws.
    private async Task<string?> FindOrCompileAsync(ContainerSpec spec, Func<ContainerSpec, Task<GuestHello>> probe)
    {
        try
        {
            if (await runtime.FindImageAsync(spec.Image, CancellationToken.None) is not { } image) return null;
            return folders.Find(image) ?? await CompileAsync(image, spec, probe);
        }
        catch (Exception e)
        {
            LogNotCompiled(e, spec.Image);
            return null;
        }
    }

    private async Task<string?> CompileAsync(string image, ContainerSpec spec, Func<ContainerSpec, Task<GuestHello>> probe)
    {
        var start = time.GetTimestamp();
        var hello = await probe(spec with { Sandbox = SandboxId.New(spec.Sandbox.Host), Bytecode = true, Preload = "", OtlpPort = 0, Egress = default });
        if (hello.Bytecode is not { } bytecode) throw new InvalidDataException("The guest has reported no bytecode.");
        var folder = folders.Write(image, bytecode);
        LogCompiled(spec.Image, bytecode.Tag, time.GetElapsedTime(start).TotalMilliseconds);
        return folder;
    }

    [LoggerMessage(LogLevel.Information, "Compiled the guest for image {Image}, {Interpreter}, in {Milliseconds:0} ms.")]
    private partial void LogCompiled(string image, string interpreter, double milliseconds);

    [LoggerMessage(LogLevel.Warning, "The guest could not be compiled for image {Image}; its containers start from the sources, which takes longer.")]
    private partial void LogNotCompiled(Exception exception, string image);

    private sealed record Known(long CheckedAt, Lazy<Task<string?>> Lazily)
    {
        public Task<string?> Folder => Lazily.Value;
    }
}
