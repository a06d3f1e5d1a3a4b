namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// The script that reports on the first serial port that Windows runs. Only disposable overlays of an image get it. It needs no
/// <c>mode</c>: what an emulated port transmits does not depend on its settings. It writes its line five times, a second apart, since the
/// port may be found late.
/// </summary>
internal static class WitnessScript
{
    /// <summary>The first of the queue: whatever other scripts do, the line is written before.</summary>
    public const string Name = "00-offlinepatch-witness.cmd";

    /// <summary>What the line begins with; a blank and the nonce follow.</summary>
    public const string Word = "OFFLINEPATCH-STARTED";

    /// <summary>The text.</summary>
    /// <param name="nonce">What no other start can have written: letters and digits.</param>
    public static string Create(string nonce) => $"""
        @echo off
        rem Says on COM1 that Windows has started. Made by OfflinePatch.
        for /l %%i in (1,1,5) do (
          >COM1 echo {Word} {nonce}
          ping -n 2 127.0.0.1 >nul
        )
        exit /b 0

        """.ReplaceLineEndings("\r\n");
}
