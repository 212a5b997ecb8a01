namespace Podflare.Cli.Terminals;

/// <summary>Finds Ctrl-P Ctrl-Q in what is typed. A Ctrl-P that something else follows is passed on.</summary>
internal sealed class DetachKeys
{
    private const byte CtrlP = 0x10;
    private const byte CtrlQ = 0x11;
    private bool _isPending;

    /// <summary>Returns what is to be passed on, and whether the two keys were typed.</summary>
    public (byte[] Keys, bool Detach) Filter(ReadOnlySpan<byte> typed)
    {
        var keys = new List<byte>(typed.Length + 1);
        foreach (var key in typed)
        {
            if (_isPending && key == CtrlQ) return ([.. keys], true);
            if (_isPending) keys.Add(CtrlP);
            _isPending = key == CtrlP;
            if (!_isPending) keys.Add(key);
        }

        return ([.. keys], false);
    }
}
