namespace Podflare;

/// <summary>A request body that reports when a piece of it was sent.</summary>
internal interface IReportsProgress
{
    Action PieceSent { get; set; }
}
