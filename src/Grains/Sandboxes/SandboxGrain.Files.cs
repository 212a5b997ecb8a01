using Podflare.Guests;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    private int _fileCalls;

    private bool IsBusy => _runs.OpenCount > 0 || _fileCalls > 0;

    public CancellationToken FilesClosing => _closing.Token;

    public ValueTask<GuestPort> OpenFilesAsync(TenantId tenant, CancellationToken cancellationToken) => GuardCommandAsync(tenant, cancellationToken);

    public void GuardFiles()
    {
        if (_tombstone.Exists) throw Gone(_tombstone.Value.Sandbox!.EndReason!.Value);
        if (_record.Exists) GuardLiving();
        // The record says it a moment later than the end begins.
        if (_ending is { } why) throw Gone(why);
    }

    public void OnFilesChanged(int open)
    {
        _fileCalls = open;
        _idleSince = time.GetUtcNow();
        ArmAlarms();
    }
}
