using System.Diagnostics;
using Podflare.Guests;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>The file transfers of one sandbox: at most so many at a time, each with a limit for every step.</summary>
internal sealed class FileTransfers(IGrainContext grain, FileOptions options, SandboxTraces traces, TimeProvider time)
{
    private readonly Dictionary<Guid, FileTransfer> _transfers = [];
    private int _calls;

    private IFileHost Host =>
        grain.GetComponent<IFileHost>() ?? grain.GrainInstance as IFileHost ?? throw new InvalidOperationException($"{grain.GrainId} has no files.");

    public void KeepAlive(Guid id) => _transfers.GetValueOrDefault(id)?.Moved();

    /// <summary>One request and one response. For the guest this is a transfer, too.</summary>
    public async Task<GuestFileFrame> CallAsync(TenantId tenant, FileTask task, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        var transfer = await OpenAsync(id, tenant, task, spanName: null, cancellationToken);
        return await StepAsync(id, transfer, async step =>
        {
            var done = await transfer.Guest.ReadAsync(FrameType.FileDone, step);
            Remove(id);
            return done;
        }, cancellationToken);
    }

    /// <exception cref="TooManyTransfersException">Wait for one to end.</exception>
    /// <exception cref="NotOfferedException">The guest is too old for this task.</exception>
    public async Task<FileTransfer> OpenAsync(Guid id, TenantId tenant, FileTask task, string? spanName, CancellationToken cancellationToken)
    {
        _calls++;
        try
        {
            var port = await Host.OpenFilesAsync(tenant, cancellationToken);
            if (!task.IsOfferedByAll && (port.Version ?? throw new SandboxUnreachableException()) < GuestVersion.AllKinds) throw new NotOfferedException();
            if (_transfers.Count >= options.MaxTransfers) throw new TooManyTransfersException(options.MaxTransfers);
            var patience = TimeSpan.FromSeconds(options.AbandonSeconds);
            var scheduler = TaskScheduler.Current;
            var transfer = new FileTransfer(port.Files.Open(task), new FilePath(task.Path), patience, spanName is null ? null : StartSpan(spanName, tenant));
            transfer.Start(time, () => Task.Factory.StartNew(() => Remove(id, "abandoned"), CancellationToken.None, TaskCreationOptions.None, scheduler), Host.FilesClosing);
            return _transfers[id] = transfer;
        }
        finally
        {
            _calls--;
            ReportOpenCalls();
        }
    }

    /// <exception cref="FileTransferLostException">The transfer does not exist, or the caller is at another offset.</exception>
    public FileTransfer Find(Guid id, long offset) =>
        _transfers.TryGetValue(id, out var transfer) && transfer.Offset == offset ? transfer : throw new FileTransferLostException();

    /// <summary>Runs one step of a transfer within its time limit. Any failure ends the transfer.</summary>
    public async Task<T> StepAsync<T>(Guid id, FileTransfer transfer, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        if (transfer.Busy) throw new FileTransferLostException();
        transfer.Busy = true;
        transfer.Moved();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Host.FilesClosing, cancellationToken);
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, TimeSpan.FromSeconds(options.StepSeconds), Timeout.InfiniteTimeSpan);
        try
        {
            var result = await step(limit.Token);
            transfer.Moved();
            return result;
        }
        catch (Exception e)
        {
            Remove(id, e.GetType().FullName);
            if (e is OperationCanceledException or FileTransferLostException) Host.GuardFiles();
            if (e is OperationCanceledException) throw new FileTransferLostException();
            throw;
        }
        finally
        {
            transfer.Busy = false;
        }
    }

    /// <param name="error">The kind of failure; null when the transfer is complete.</param>
    public void Remove(Guid id, string? error = null)
    {
        if (!_transfers.Remove(id, out var transfer)) return;
        transfer.End(error);
        ReportOpenCalls();
    }

    // The span ends in a later call, so it must not stay the current one of this call.
    private Activity? StartSpan(string name, TenantId tenant)
    {
        var before = Activity.Current;
        var sandbox = grain.GrainId.Key.ToString()!;
        var span = Spans.Start(name, traces.FindSandbox(sandbox)?.Trace);
        Activity.Current = before;
        return span?.SetTag(Spans.SandboxId, sandbox).SetTag(Spans.TenantId, tenant.Value);
    }

    private void ReportOpenCalls() => Host.OnFilesChanged(_transfers.Count + _calls);
}
