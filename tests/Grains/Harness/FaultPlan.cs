namespace Podflare.Harness;

/// <summary>Faults that the next calls of something will meet. The newest fault that fits a call is the one that it meets.</summary>
/// <param name="error">The error of a call that fails where the test names none.</param>
public class FaultPlan<TOperation>(Func<Exception> error)
    where TOperation : struct, Enum
{
    private readonly Lock _lock = new();
    private readonly List<(TOperation? Operation, Fault Fault)> _faults = [];
    private readonly Dictionary<TOperation, int> _calls = [];

    /// <summary>A call has met a fault.</summary>
    internal bool HadFaults { get; private set; }

    /// <summary>Calls that have begun.</summary>
    public int Calls(TOperation operation)
    {
        lock (_lock) return _calls.GetValueOrDefault(operation);
    }

    /// <summary>The next calls fail, and nothing is done.</summary>
    /// <param name="operation">Null for every operation.</param>
    /// <param name="about">Chooses calls by what they are about, such as a sandbox id; null for all.</param>
    public Fault Fail(TOperation? operation = null, int times = int.MaxValue, Func<string, bool>? about = null, Func<Exception>? with = null) =>
        Add(operation, new Fault(FaultKind.Fail, times, about, with ?? error));

    /// <summary>The next call fails, and nothing is done.</summary>
    public Fault FailNext(TOperation? operation = null, Func<string, bool>? about = null, Func<Exception>? with = null) => Fail(operation, 1, about, with);

    /// <summary>The next calls are done, but their callers get an error.</summary>
    public Fault LoseAnswer(TOperation? operation = null, int times = 1, Func<string, bool>? about = null, Func<Exception>? with = null) =>
        Add(operation, new Fault(FaultKind.LoseAnswer, times, about, with ?? error));

    /// <summary>The next calls wait, and nothing is done until the fault is disposed.</summary>
    public Fault Hold(TOperation? operation = null, int times = int.MaxValue, Func<string, bool>? about = null) =>
        Add(operation, new Fault(FaultKind.Hold, times, about, error));

    /// <summary>The next calls are done at once, but are not answered until the fault is disposed.</summary>
    public Fault HoldAnswer(TOperation? operation = null, int times = int.MaxValue, Func<string, bool>? about = null) =>
        Add(operation, new Fault(FaultKind.HoldAnswer, times, about, error));

    /// <summary>Ends all planned faults.</summary>
    public void EndFaults()
    {
        lock (_lock)
        {
            foreach (var (_, fault) in _faults) fault.Dispose();
            _faults.Clear();
        }
    }

    /// <summary>Ends all planned faults, and counts calls anew.</summary>
    internal void ClearFaults()
    {
        EndFaults();
        lock (_lock) _calls.Clear();
    }

    internal async Task<T> MeetAsync<T>(TOperation operation, string subject, Func<Task<T>> act, CancellationToken cancellationToken = default)
    {
        var fault = Take(operation, subject);
        fault?.Hit();
        if (fault is { Kind: FaultKind.Hold }) await fault.Released.WaitAsync(cancellationToken);
        if (fault is { Kind: FaultKind.Fail }) throw fault.Error();
        var answer = await act();
        if (fault is { Kind: FaultKind.HoldAnswer }) await fault.Released.WaitAsync(cancellationToken);
        if (fault is { Kind: FaultKind.LoseAnswer }) throw fault.Error();
        return answer;
    }

    private Fault Add(TOperation? operation, Fault fault)
    {
        lock (_lock) _faults.Add((operation, fault));
        return fault;
    }

    private Fault? Take(TOperation operation, string subject)
    {
        lock (_lock)
        {
            _calls[operation] = _calls.GetValueOrDefault(operation) + 1;

            // One that holds calls stays until it is disposed, so that ending all faults lets go of them.
            _faults.RemoveAll(planned => planned.Fault is { Left: <= 0, Released.IsCompleted: true } or { Left: <= 0, Kind: FaultKind.Fail or FaultKind.LoseAnswer });
            Fault? fault = _faults.FindLast(planned => planned.Fault.Left > 0 && (planned.Operation is not { } only || only.Equals(operation)) && planned.Fault.About?.Invoke(subject) != false).Fault;
            if (fault is null) return null;
            fault.Left--;
            HadFaults = true;
            return fault;
        }
    }
}
