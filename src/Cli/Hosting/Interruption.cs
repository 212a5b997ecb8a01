using System.Runtime.InteropServices;

namespace Podflare.Cli.Hosting;

/// <summary>Ctrl-C and SIGTERM: the first one asks for an end in good order, a second one leaves at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _first = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public Interruption() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Obey), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Obey)];

    public CancellationToken Token => _first.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void Obey(PosixSignalContext signal)
    {
        signal.Cancel = true;
        // Not on the signal's thread: what is cancelled may take its time, and the next signal must get through.
        if (Interlocked.Increment(ref _count) == 1) _ = Task.Run(_first.Cancel);
        else Environment.Exit(ExitCodes.Interrupted);
    }
}
