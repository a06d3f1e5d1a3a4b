namespace OfflinePatch.Windows.FirstStart;

/// <summary>The script that runs the others. Plain batch: it works where a policy forbids PowerShell.</summary>
internal static class FirstStartText
{
    /// <summary><c>run.cmd</c>.</summary>
    public static string Runner { get; } = """
        @echo off
        rem Runs the scripts in "queue" once, in the order of their names. Made by OfflinePatch.
        setlocal EnableExtensions DisableDelayedExpansion
        set "HERE=%~dp0"
        set "LOG=%HERE%first-start.log"
        set "POWERSHELL=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
        set "RESTART="
        rem Only one at a time: the file stays open while the scripts run.
        2>nul 9>"%HERE%lock" call :run
        exit /b 0

        :run
        if not exist "%HERE%done" mkdir "%HERE%done"
        for /f "delims=" %%S in ('dir /b /a-d /on "%HERE%queue" 2^>nul') do call :one "%%S"
        call :unregister
        if defined RESTART "%SystemRoot%\System32\shutdown.exe" /r /t 10 /c "A script of the first start asked for a restart."
        exit /b 0

        :one
        rem Moved before it runs: whatever happens then, it does not run again.
        move /y "%HERE%queue\%~1" "%HERE%done\%~1" >nul 2>&1
        if exist "%HERE%queue\%~1" exit /b 0
        >>"%LOG%" echo %DATE% %TIME% start %~1
        if /i "%~x1"==".ps1" (
          "%POWERSHELL%" -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%HERE%done\%~1" >>"%LOG%" 2>&1
        ) else (
          "%SystemRoot%\System32\cmd.exe" /d /c call "%HERE%done\%~1" >>"%LOG%" 2>&1
        )
        set "CODE=%ERRORLEVEL%"
        >>"%LOG%" echo %DATE% %TIME% end %~1, exit code %CODE%
        if "%CODE%"=="3010" set "RESTART=1"
        rem Its name stays as the sign that it ran; its text does not.
        >"%HERE%done\%~1" echo.
        exit /b 0

        :unregister
        if not exist "%HERE%policy" exit /b 0
        set "GP=%SystemRoot%\System32\GroupPolicy"
        attrib -r -h -s "%GP%\Machine\Scripts\scripts.ini" >nul 2>&1
        if exist "%HERE%policy\scripts.ini" (
          copy /y "%HERE%policy\scripts.ini" "%GP%\Machine\Scripts\scripts.ini" >nul
        ) else (
          del /f /q "%GP%\Machine\Scripts\scripts.ini" >nul 2>&1
        )
        attrib -r -h -s "%GP%\gpt.ini" >nul 2>&1
        copy /y "%HERE%policy\gpt.ini" "%GP%\gpt.ini" >nul
        if exist "%HERE%policy\registry" (
          reg delete "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine\Scripts\Startup\0" /f >nul 2>&1
          reg delete "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\Scripts\Startup\0" /f >nul 2>&1
        )
        rmdir /s /q "%HERE%policy"
        exit /b 0

        """.ReplaceLineEndings("\r\n");
}
